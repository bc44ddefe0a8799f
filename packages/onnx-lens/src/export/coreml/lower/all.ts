import { ACTIVATION } from './activation.js';
import { CONVERSION } from './conversion.js';
import { CONVOLUTION } from './convolution.js';
import { ELEMENTWISE } from './elementwise.js';
import { GATED } from './gru.js';
import type { Lower } from './lowering.js';
import { MATRIX } from './matrix.js';
import { NORMALIZATION } from './normalization.js';
import { PADDING } from './padding.js';
import { POOLING } from './pooling.js';
import { RECURRENT } from './recurrent.js';
import { REDUCTION } from './reduction.js';
import { RESAMPLING } from './resampling.js';
import { SHAPE } from './shape.js';
import { SLICING } from './slicing.js';

/** Every ONNX operator that has a form in Core ML. */
export const LOWERINGS: ReadonlyMap<string, Lower> = new Map(
  [
    ACTIVATION,
    CONVERSION,
    CONVOLUTION,
    ELEMENTWISE,
    GATED,
    MATRIX,
    NORMALIZATION,
    PADDING,
    POOLING,
    RECURRENT,
    REDUCTION,
    RESAMPLING,
    SHAPE,
    SLICING,
  ].flatMap((family) => Object.entries(family)),
);

/** Operators that a package can hold where sizes, conditions and numbers of rounds are fixed. */
export const PACKAGE_OPERATORS: ReadonlySet<string> = new Set([...LOWERINGS.keys(), 'If', 'Loop']);
