import type { OperatorRule } from '../rule.js';
import { ACTIVATION_RULES } from './activation.js';
import { CONVERSION_RULES } from './conversion.js';
import { CONVOLUTION_RULES } from './convolution.js';
import { INDEXING_RULES } from './indexing.js';
import { MATRIX_RULES } from './matrix.js';
import { NORMALIZATION_RULES } from './normalization.js';
import { PAD_RULES } from './pad.js';
import { POOLING_RULES } from './pooling.js';
import { REDUCTION_RULES } from './reduction.js';
import { RESAMPLING_RULES } from './resampling.js';
import { SHAPE_RULES } from './shape.js';

/**
 * Every operator that the Core ML provider has a builder for, by type alone: the provider does not look at the domain
 * (onnxruntime/core/providers/coreml/builders/op_builder_factory.cc).
 */
export const COREML_RULES: ReadonlyMap<string, OperatorRule> = new Map(
  Object.entries({
    ...ACTIVATION_RULES,
    ...CONVERSION_RULES,
    ...CONVOLUTION_RULES,
    ...INDEXING_RULES,
    ...MATRIX_RULES,
    ...NORMALIZATION_RULES,
    ...PAD_RULES,
    ...POOLING_RULES,
    ...REDUCTION_RULES,
    ...RESAMPLING_RULES,
    ...SHAPE_RULES,
  }),
);
