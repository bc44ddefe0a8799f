import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { exportCoreMl, writePackage, type CoreMlExport, type IosVersion } from 'onnx-lens';
import type { SuiteName } from 'facemirror-core/suites/suite.js';
import type { ExportSources } from './installed-suite.js';
import { suiteByName } from './suites.js';

/** How a suite's networks become Core ML packages. */
export interface PackageOptions extends ExportSources {
  readonly out: string;
  readonly half: boolean;
  readonly ios: IosVersion;
  /** Replaces packages that are there. */
  readonly force: boolean;
  readonly onProgress?: (network: string, step: string) => void;
}

/** A package that was written. */
export interface WrittenPackage {
  readonly path: string;
  readonly result: CoreMlExport;
}

/**
 * Writes each network of a suite as a Core ML package whose input is a picture, one after the other.
 * @throws FaceMirrorError MODEL_MISSING, USAGE; OnnxLensError FILE_UNWRITABLE, PROOF_FAILED.
 */
export async function* exportSuite(suite: SuiteName, options: PackageOptions): AsyncGenerator<WrittenPackage> {
  mkdirSync(options.out, { recursive: true });
  const installed = await suiteByName(suite);
  for await (const { name, model, image, licence } of installed.exportNetworks(options)) {
    const path = join(options.out, `${name}.mlpackage`);
    const [input] = model.graph?.input ?? [];
    const result = await exportCoreMl(model, {
      name,
      half: options.half,
      ios: options.ios,
      // Made-up weights turn rounding into chaos on some networks; what halves cost is only worth judging on real ones.
      ...(options.half && options.randomInit !== undefined ? { tolerance: Infinity } : {}),
      ...(image === undefined || input === undefined ? {} : { images: { [input.name]: image } }),
      metadata: { description: `${name}, exported by facemirror`, license: licence },
      onProgress: (step) => options.onProgress?.(name, step),
    });
    writePackage(path, result.encoded, options.force);
    yield { path, result };
  }
}
