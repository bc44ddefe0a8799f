import { clamp, sum, toDegrees } from '../../arithmetic.js';
import type { FaceObservation } from '../../face/observation.js';
import type { Crop } from '../../frames/crop.js';
import type { Frame } from '../../frames/frame.js';
import type { NetworkRunner } from '../../inference/network-runner.js';
import type { NetworkOutput } from '../../inference/request.js';
import { EMOTIONS, type Expression, type ExpressionNetwork } from '../../action-units/expression.js';
import type { ActionUnitNetwork } from '../../action-units/source.js';
import { noActionUnits, type ActionUnit, type ActionUnitRow } from '../../action-units/units.js';

/** Name of the network in the pool. */
export const MTL_MODEL = 'mtl';

/** Faces of one frame: the two mirrored ones, for their units, and the patient's own, for expression and gaze. */
export const FACES_PER_FRAME = 3;

/** The units of the network's output, in order: OpenFace 3.0's own demo (DISFA). Face Mirror 2 named them wrongly. */
const MTL_UNITS: readonly ActionUnit[] = ['AU01', 'AU02', 'AU04', 'AU06', 'AU09', 'AU12', 'AU25', 'AU26'];

/** Scores were trained against 0 and 1, parted here. */
const PRESENT_FROM = 0.5;
const SIZE = 224;
/** ImageNet's mean and deviation of red, green and blue, of 1. */
const MEAN = [0.485, 0.456, 0.406] as const;
const DEVIATION = [0.229, 0.224, 0.225] as const;

interface FaceOutputs {
  readonly units: Float32Array;
  readonly emotions: Float32Array;
  readonly gaze: Float32Array;
}

/**
 * Reads action units, emotion and gaze with OpenFace 3.0's multitask network. Faces that are asked about in one go
 * (both mirrored faces of a frame, and the patient's own) share a batch, and with those of other frames where the
 * pool's batch of this network holds more.
 */
export class MultitaskNetwork implements ActionUnitNetwork, ExpressionNetwork {
  readonly description = {
    model: 'OpenFace 3.0 multitask network (EfficientNet-B0, graph action unit head)',
    units: MTL_UNITS,
    scale: '_r columns: presence score of the unit, 0 to 1 (not a FACS intensity); _c columns: 1 from 0.5 on',
  };
  readonly #pool: NetworkRunner;

  constructor(pool: NetworkRunner) {
    this.#pool = pool;
  }

  async measure(frame: Frame, face: FaceObservation): Promise<Pick<ActionUnitRow, 'intensity' | 'presence'>> {
    const { units } = await this.#ask(frame, face);
    const intensity = noActionUnits();
    const presence = noActionUnits();
    MTL_UNITS.forEach((unit, place) => {
      const score = clamp(units[place] ?? NaN, 0, 1);
      if (Number.isNaN(score)) return;
      intensity[unit] = score;
      presence[unit] = score >= PRESENT_FROM ? 1 : 0;
    });
    return { intensity, presence };
  }

  async express(frame: Frame, face: FaceObservation): Promise<Expression> {
    const { emotions, gaze } = await this.#ask(frame, face);
    const [yaw = NaN, pitch = NaN] = gaze;
    return {
      emotions: softmax(emotions.subarray(0, EMOTIONS.length)),
      gazeYaw: toDegrees(yaw),
      gazePitch: toDegrees(pitch),
    };
  }

  async #ask(frame: Frame, face: FaceObservation): Promise<FaceOutputs> {
    const { au, emotion, gaze } = await this.#pool.run({
      model: MTL_MODEL,
      inputs: { input_face: { kind: 'crops', crops: [{ frame, crop: faceCrop(face) }] } },
    });
    return { units: values(au), emotions: values(emotion), gaze: values(gaze) };
  }
}

function values(output: NetworkOutput | undefined): Float32Array {
  return output?.data ?? new Float32Array();
}

/** The face's box, stretched to a square as torchvision's Resize with antialiasing does. */
function faceCrop({ box }: FaceObservation): Crop {
  const stepX = Math.max(1, box.width) / SIZE;
  const stepY = Math.max(1, box.height) / SIZE;
  return {
    toSource: { xx: stepX, xy: 0, x0: box.x - 0.5 + stepX / 2, yx: 0, yy: stepY, y0: box.y - 0.5 + stepY / 2 },
    width: SIZE,
    height: SIZE,
    layout: 'NCHW',
    channels: 'RGB',
    scale: [1 / 255 / DEVIATION[0], 1 / 255 / DEVIATION[1], 1 / 255 / DEVIATION[2]],
    offset: [-MEAN[0] / DEVIATION[0], -MEAN[1] / DEVIATION[1], -MEAN[2] / DEVIATION[2]],
    border: 'clamp',
    sampling: 'antialiased',
  };
}

function softmax(logits: Float32Array): number[] {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (value) => Math.exp(value - largest));
  const whole = sum(powers);
  return powers.map((value) => value / whole);
}
