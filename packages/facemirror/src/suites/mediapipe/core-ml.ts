import { convertTflite, type ImageInput } from 'onnx-lens';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { ExportNetwork, ExportSources } from '../installed-suite.js';
import { BUNDLE, findBundle, readFullRange, readPackedAssets, type TfliteFile } from './files.js';

/** `(pixel - mean) / std`, as this program's own crops are made for the networks. */
const CENTRED: ImageInput = { mean: [127.5], std: [127.5] };

/** The networks of the bundle where it is found, else those of the packages. See {@link ExportSources}. */
export async function* exportNetworks({ modelsFolder, randomInit }: ExportSources): AsyncGenerator<ExportNetwork> {
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
