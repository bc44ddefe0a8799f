import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  convertTflite,
  exportCoreMl,
  parseModel,
  writePackage,
  type CoreMlExport,
  type ImageInput,
  type IosVersion,
  type ModelProto,
} from 'onnx-lens';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
} from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { ARCHITECTURES } from 'facemirror-core/suites/openface3/architectures/identify.js';
import { randomWeights } from 'facemirror-core/suites/openface3/architectures/weights.js';
import type { SuiteName } from 'facemirror-core/suites/suite.js';
import { BUNDLE, findBundle, readFullRange, readPackedAssets, type TfliteFile } from './mediapipe-files.js';
import { findNetworks, networkBytes, OPENFACE3_FILES } from './openface3-files.js';

/** How a suite's networks become Core ML packages. */
export interface PackageOptions {
  readonly out: string;
  readonly half: boolean;
  readonly ios: IosVersion;
  /** Replaces packages that are there. */
  readonly force: boolean;
  /** Size of the detector's picture, in suites whose detector takes any; multiples of 32. Default 640. */
  readonly height: number;
  readonly width: number;
  readonly modelsFolder?: string;
  /** Seed of made-up weights in place of the suite's files. */
  readonly randomInit?: number;
  readonly onProgress?: (network: string, step: string) => void;
}

/** A package that was written. */
export interface WrittenPackage {
  readonly path: string;
  readonly result: CoreMlExport;
}

interface Network {
  readonly name: string;
  readonly model: ModelProto;
  /** How its picture is prepared; absent for the one that takes landmarks. */
  readonly image?: ImageInput;
  readonly licence: string;
}

/** `(pixel - mean) / std`, as this program's own crops are made for the networks. */
const CENTRED: ImageInput = { mean: [127.5], std: [127.5] };
const OPENFACE3_IMAGES: Readonly<Record<ArchitectureName, ImageInput>> = {
  retinaface: { mean: [104, 117, 123], std: [1], order: 'bgr' },
  star: { ...CENTRED, order: 'bgr' },
  // ImageNet's mean and deviation.
  mtl: { mean: [0.485 * 255, 0.456 * 255, 0.406 * 255], std: [0.229 * 255, 0.224 * 255, 0.225 * 255], order: 'rgb' },
};

/**
 * Writes each network of a suite as a Core ML package whose input is a picture, one after the other.
 * @throws FaceMirrorError MODEL_MISSING, USAGE; OnnxLensError FILE_UNWRITABLE, PROOF_FAILED.
 */
export async function* exportSuite(suite: SuiteName, options: PackageOptions): AsyncGenerator<WrittenPackage> {
  mkdirSync(options.out, { recursive: true });
  const networks = suite === 'openface3' ? openface3(options) : mediaPipe(options);
  for await (const { name, model, image, licence } of networks) {
    const path = join(options.out, `${name}.mlpackage`);
    const [input] = model.graph?.input ?? [];
    const result = await exportCoreMl(model, {
      name,
      half: options.half,
      ios: options.ios,
      ...(image === undefined || input === undefined ? {} : { images: { [input.name]: image } }),
      metadata: { description: `${name}, exported by facemirror`, license: licence },
      onProgress: (step) => options.onProgress?.(name, step),
    });
    writePackage(path, result.encoded, options.force);
    yield { path, result };
  }
}

async function* openface3({ randomInit, modelsFolder, height, width }: PackageOptions): AsyncGenerator<Network> {
  const found = randomInit === undefined ? await findNetworks(modelsFolder) : new Map<ArchitectureName, never>();
  const missing = ARCHITECTURE_NAMES.filter((name) => randomInit === undefined && !found.has(name));
  if (missing.length > 0) {
    throw new FaceMirrorError(
      'MODEL_MISSING',
      `The suite openface3 needs ${missing.map((name) => `${ARCHITECTURES[name].title} (${OPENFACE3_FILES[name].name})`).join(', ')}: "facemirror models pull openface3 --accept-licence" fetches them, --random-init 1 makes weights up.`,
    );
  }
  for (const name of ARCHITECTURE_NAMES) {
    const build = name === 'retinaface' ? { batch: 1, height, width } : { batch: 1 };
    const file = found.get(name);
    const architecture = ARCHITECTURES[name];
    const model =
      file === undefined
        ? architecture.build(randomWeights(architecture.tensors(), randomInit ?? 1), build)
        : parseModel(networkBytes(file, name, build), name);
    yield { name, model, image: OPENFACE3_IMAGES[name], licence: OPENFACE3_FILES[name].licence };
  }
}

async function* mediaPipe({ modelsFolder, randomInit }: PackageOptions): AsyncGenerator<Network> {
  if (randomInit !== undefined)
    throw new FaceMirrorError('USAGE', 'The suite mediapipe brings its weights; --random-init is for openface3.');
  const bundle = await findBundle(modelsFolder);
  const assets = bundle === null ? await readPackedAssets() : bundle.nets;
  const fullRange = await readFullRange();
  const wanted: readonly (readonly [string, TfliteFile | null | undefined, ImageInput | undefined])[] = [
    [
      'face_detector',
      assets.get(bundle === null ? 'face_detection_short_range.tflite' : 'face_detector.tflite'),
      CENTRED,
    ],
    ['face_detector_full_range', fullRange, CENTRED],
    [
      'face_landmarks',
      assets.get(bundle === null ? 'face_landmark_with_attention.tflite' : 'face_landmarks_detector.tflite'),
      { mean: [0], std: [255] },
    ],
    ['face_blendshapes', bundle?.nets.get('face_blendshapes.tflite'), undefined],
  ];
  for (const [name, file, image] of wanted) {
    if (file === undefined || file === null) continue;
    const model = convertTflite(file.bytes, file.origin, { imageInputs: 'channels-second' });
    yield { name, model, licence: BUNDLE.licence, ...(image === undefined ? {} : { image }) };
  }
}
