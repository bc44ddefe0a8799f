import { parseModel, type ImageInput } from 'onnx-lens';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
} from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { ARCHITECTURES } from 'facemirror-core/suites/openface3/architectures/identify.js';
import { randomWeights } from 'facemirror-core/suites/openface3/architectures/weights.js';
import type { ExportNetwork, ExportSources } from '../installed-suite.js';
import { findNetworks, networkBytes, OPENFACE3_FILES } from './files.js';

/** `(pixel - mean) / std`, as this program's own crops are made for the networks. */
const IMAGES: Readonly<Record<ArchitectureName, ImageInput>> = {
  retinaface: { mean: [104, 117, 123], std: [1], order: 'bgr' },
  star: { mean: [127.5], std: [127.5], order: 'bgr' },
  // ImageNet's mean and deviation.
  mtl: { mean: [0.485 * 255, 0.456 * 255, 0.406 * 255], std: [0.229 * 255, 0.224 * 255, 0.225 * 255], order: 'rgb' },
};

/** The three networks. See {@link ExportSources}. */
export async function* exportNetworks({
  randomInit,
  modelsFolder,
  height,
  width,
}: ExportSources): AsyncGenerator<ExportNetwork> {
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
    yield { name, model, image: IMAGES[name], licence: OPENFACE3_FILES[name].licence };
  }
}
