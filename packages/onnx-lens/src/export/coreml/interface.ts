import { create } from '@bufbuild/protobuf';
import {
  ArrayFeatureType_ArrayDataType as ArrayType,
  FeatureTypeSchema,
  ImageFeatureType_ColorSpace as ColorSpace,
  type FeatureType,
} from './generated/feature-types_pb.js';
import { FeatureDescriptionSchema, type FeatureDescription } from './generated/model_pb.js';
import type { MilType, Value } from './values.js';

/** One input or output as an app sees it, and what it was called in the ONNX model. */
export interface Feature {
  readonly name: string;
  readonly onnxName: string;
  /** `classes`: a dictionary of probabilities, beside which stands the likeliest label. */
  readonly kind: 'tensor' | 'image' | 'classes';
  readonly type: MilType;
  readonly shape: readonly number[];
  /** For pictures, the order of their channels. */
  readonly colours?: 'rgb' | 'bgr' | 'grey';
}

const ARRAY_TYPES: Partial<Record<MilType, ArrayType>> = {
  fp32: ArrayType.FLOAT32,
  fp16: ArrayType.FLOAT16,
  int32: ArrayType.INT32,
};
const COLOURS = { rgb: ColorSpace.RGB, bgr: ColorSpace.BGR, grey: ColorSpace.GRAYSCALE } as const;

/** The feature of a value of the program. */
export function featureOf(value: Value, name: string, onnxName: string, colours?: Feature['colours']): Feature {
  const kind = colours === undefined ? 'tensor' : 'image';
  return { name, onnxName, kind, type: value.type, shape: value.shape, ...(colours === undefined ? {} : { colours }) };
}

/** How the model's description tells of a feature. */
export function describeFeature({ name, onnxName, kind, type, shape, colours }: Feature): FeatureDescription {
  if (kind === 'classes') {
    const words = {
      case: 'dictionaryType' as const,
      value: { KeyType: { case: 'stringKeyType' as const, value: {} } },
    };
    return create(FeatureDescriptionSchema, {
      name,
      shortDescription: `probability of each class ("${onnxName}" in the ONNX model)`,
      type: { Type: words },
    });
  }
  return create(FeatureDescriptionSchema, {
    name,
    shortDescription: name === onnxName ? '' : `"${onnxName}" in the ONNX model`,
    type: colours === undefined ? arrayType(type, shape) : imageType(shape, colours),
  });
}

function arrayType(type: MilType, shape: readonly number[]): FeatureType {
  const dataType = ARRAY_TYPES[type];
  if (dataType === undefined) throw new RangeError(`A feature cannot be made of ${type}.`);
  return create(FeatureTypeSchema, { Type: { case: 'multiArrayType', value: { shape: shape.map(BigInt), dataType } } });
}

function imageType(shape: readonly number[], colours: NonNullable<Feature['colours']>): FeatureType {
  const [, , height = 1, width = 1] = shape;
  return create(FeatureTypeSchema, {
    Type: { case: 'imageType', value: { width: BigInt(width), height: BigInt(height), colorSpace: COLOURS[colours] } },
  });
}

/** The feature of the likeliest class. */
export function describeLabel(name: string): FeatureDescription {
  return create(FeatureDescriptionSchema, {
    name,
    shortDescription: 'the likeliest class',
    type: { Type: { case: 'stringType', value: {} } },
  });
}
