import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertTflite, serializeModel } from 'onnx-lens';
import {
  ASSETS_FILE,
  BUNDLE,
  findBundle,
  FULL_RANGE_FILE,
  readFullRange,
  readPackedAssets,
} from '../../facemirror/dist/suites/mediapipe/files.js';
import { FULL_RANGE_MODEL, SHORT_RANGE_MODEL } from 'facemirror-core/suites/mediapipe/detector.js';
import { BLENDSHAPES_MODEL, MESH_MODEL } from 'facemirror-core/suites/mediapipe/landmarker.js';

/**
 * Channels of zeros are written as convolutions, as in the installed program. PRelu is not: in WebAssembly its operator is
 * the faster one (npm run bench -- browser compares builds).
 */
const FOR_WEBASSEMBLY = { imageInputs: 'channels-second', channelZeros: 'convolution' };

/**
 * Converts MediaPipe's networks to ONNX and writes them with a list of them.
 * @param folder for the files.
 * @param modelsFolder with face_landmarker.task, whose finer landmark net is shipped then; without it those of the npm
 *   packages are.
 */
export async function writeNetworks(folder, modelsFolder) {
  mkdirSync(folder, { recursive: true });
  const bundle = modelsFolder === undefined ? null : await findBundle(modelsFolder);
  const assets = bundle?.nets ?? (await readPackedAssets());
  const file = bundle === null ? ASSETS_FILE : BUNDLE;
  const nets = [
    { name: SHORT_RANGE_MODEL, source: bundle === null ? 'face_detection_short_range.tflite' : 'face_detector.tflite' },
    {
      name: MESH_MODEL,
      source: bundle === null ? 'face_landmark_with_attention.tflite' : 'face_landmarks_detector.tflite',
    },
    ...(bundle === null ? [] : [{ name: BLENDSHAPES_MODEL, source: 'face_blendshapes.tflite' }]),
  ].map((net) => ({ ...net, file, open: 'start', tflite: assets.get(net.source) }));
  const fullRange = await readFullRange();
  if (fullRange !== null)
    nets.push({
      name: FULL_RANGE_MODEL,
      source: FULL_RANGE_FILE.name,
      file: FULL_RANGE_FILE,
      open: 'first-use',
      tflite: fullRange,
    });
  const networks = nets.map(({ name, source, file: from, open, tflite }) => {
    const model = serializeModel(convertTflite(tflite.bytes, source, FOR_WEBASSEMBLY));
    const target = `${name}.onnx`;
    writeFileSync(join(folder, target), model);
    return {
      name,
      file: target,
      bytes: model.length,
      open,
      source,
      sha256: createHash('sha256').update(tflite.bytes).digest('hex'),
      purpose: from.purpose,
      licence: from.licence,
      licenceUrl: from.licenceUrl,
    };
  });
  const title = bundle === null ? 'MediaPipe: BlazeFace and Face Mesh with attention' : 'MediaPipe: Face Landmarker';
  const list = { title, mesh: bundle === null ? 'attention' : 'bundle', networks };
  writeFileSync(join(folder, 'networks.json'), `${JSON.stringify(list, null, 2)}\n`);
}
