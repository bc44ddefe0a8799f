import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ScaledObject, TriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { validate } from 'dockerfile-utils';
import { Deployment } from 'kubernetes-models/apps/v1';
import { parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import { DEFAULT_QUEUE } from '../../src/queue/address.js';

const pathOf = (name: string): string => fileURLToPath(new URL(`../../../../deploy/${name}`, import.meta.url));
const read = (name: string): string => readFileSync(pathOf(name), 'utf8');
const documentsOf = (name: string): unknown[] =>
  parseAllDocuments(read(name)).map((document) => document.toJS() as unknown);

/** The published schemas of Kubernetes and KEDA, by kind. */
const KINDS = { Deployment, ScaledObject, TriggerAuthentication } as unknown as Readonly<
  Record<string, new (value: unknown) => { validate(): void }>
>;

describe('the files for clusters', () => {
  test.each(['kubernetes/workers.yaml', 'kubernetes/scaling.yaml'])('%s fits the schemas', (name) => {
    for (const document of documentsOf(name)) {
      const { kind } = document as { kind: string };
      const Kind = KINDS[kind];
      expect(Kind, kind).toBeDefined();
      if (Kind === undefined) continue;
      expect(() => new Kind(document).validate()).not.toThrow();
      const wrong = {
        ...(document as object),
        spec: { ...(document as { spec: object }).spec, triggers: 3, template: 3, secretTargetRef: 3 },
      };
      expect(() => new Kind(wrong).validate()).toThrow();
    }
  });

  test("KEDA watches the lists of the queue's default name", () => {
    for (const list of ['wait', 'active'])
      expect(read('kubernetes/scaling.yaml')).toContain(`listName: 'bull:${DEFAULT_QUEUE}:${list}'`);
  });

  test('the Dockerfile has no fault', () => {
    expect(validate(read('Dockerfile'))).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')('the Slurm script is a script that bash can read', () => {
    expect(spawnSync('bash', ['-n', pathOf('slurm/workers.sh')]).status).toBe(0);
    expect(read('slurm/workers.sh')).toMatch(/^#SBATCH --array=/m);
  });
});
