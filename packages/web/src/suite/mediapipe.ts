import type { NetworkRunner } from 'facemirror-core/inference/network-runner.js';
import { MediaPipeDetector } from 'facemirror-core/suites/mediapipe/detector.js';
import { ATTENTION_MESH, BUNDLE_MESH, MediaPipeLandmarker } from 'facemirror-core/suites/mediapipe/landmarker.js';
import type { OpenedModel, Suite } from 'facemirror-core/suites/suite.js';
import type { ShippedNetwork } from '../inference/messages.js';

/** A file of `networks/networks.json`, which the build writes. */
export interface NetworkEntry {
  readonly name: string;
  /** The .onnx file beside the list. */
  readonly file: string;
  readonly bytes: number;
  readonly open: 'start' | 'first-use';
  /** The file that it was converted from, and its hash. */
  readonly source: string;
  readonly sha256: string;
  readonly purpose: string;
  readonly licence: string;
  readonly licenceUrl: string;
}

/** What the site ships of the suite. */
export interface NetworkList {
  readonly title: string;
  /** The landmark net: the npm package's, or the finer one of face_landmarker.task. */
  readonly mesh: 'attention' | 'bundle';
  readonly networks: readonly NetworkEntry[];
}

/** What a run needs of a suite. */
export interface WebSuite extends Pick<Suite, 'detector' | 'landmarker' | 'actionUnits' | 'models' | 'notes'> {
  readonly title: string;
}

const LIST = 'networks/networks.json';

/** Reads what the site ships. @param site the site's own address. */
export async function readNetworkList(site: string): Promise<NetworkList> {
  const response = await fetch(new URL(LIST, site));
  if (!response.ok) throw new Error(`${LIST} was answered with status ${response.status}.`);
  return (await response.json()) as NetworkList;
}

/** The networks with their addresses. */
export function shippedNetworks({ networks }: NetworkList, site: string): readonly ShippedNetwork[] {
  return networks.map(({ name, file, open }) => ({ name, open, address: new URL(`networks/${file}`, site).href }));
}

/** The suite on networks that are open. */
export function mediaPipeSuite({ title, mesh, networks }: NetworkList, runner: NetworkRunner): WebSuite {
  const isBundle = mesh === 'bundle';
  return {
    title,
    detector: new MediaPipeDetector(runner, {
      hasFullRange: networks.some(({ open }) => open === 'first-use'),
      sampling: 'centred',
    }),
    landmarker: new MediaPipeLandmarker(runner, {
      spec: isBundle ? BUNDLE_MESH : ATTENTION_MESH,
      hasBlendshapes: isBundle,
      sampling: 'centred',
    }),
    actionUnits: { kind: 'observation' },
    models: networks.map(({ name, source, sha256 }): OpenedModel => ({ name, file: source, sha256 })),
    notes: isBundle
      ? []
      : ['This site ships the networks of the npm package: action units are estimated from geometry.'],
  };
}
