import type { Translation } from './context.js';
import { CONVOLUTION } from './operators/convolution.js';
import { ELEMENTWISE } from './operators/elementwise.js';
import { MEDIAPIPE } from './operators/mediapipe.js';
import { MEDIAPIPE_IMAGES } from './operators/mediapipe-images.js';
import { PADDING } from './operators/padding.js';
import { REDUCTION } from './operators/reduction.js';
import { SHAPE } from './operators/shape.js';
import { SLICING } from './operators/slicing.js';
import type { TfliteOperator } from './schema.js';

const BUILTIN: ReadonlyMap<string, Translation> = new Map(
  Object.entries({ ...CONVOLUTION, ...ELEMENTWISE, ...SHAPE, ...PADDING, ...SLICING, ...REDUCTION }),
);
const CUSTOM: ReadonlyMap<string, Translation> = new Map(Object.entries({ ...MEDIAPIPE, ...MEDIAPIPE_IMAGES }));

/** The translation of an operator; undefined for one that is not covered. */
export function translationOf(operator: TfliteOperator): Translation | undefined {
  return (operator.isCustom ? CUSTOM : BUILTIN).get(operator.name);
}

/**
 * Operators that an import covers, custom ones last.
 *
 * @example
 * coveredTfliteOperators().includes('CONV_2D'); // true
 */
export function coveredTfliteOperators(): string[] {
  return [...[...BUILTIN.keys()].sort(), ...CUSTOM.keys()];
}
