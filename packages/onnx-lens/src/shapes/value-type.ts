import { TensorProto_DataType as DataType, type TypeProto } from '../model/generated/onnx_pb.js';

/** What is known of a value before the model runs. */
export interface ValueType {
  /** UNDEFINED for sequences, maps, optional and sparse values. */
  readonly dataType: DataType;
  /** Numbers, names of free dimensions, '' for a dimension without either; null when not even the rank is known. */
  readonly shape: readonly (number | string)[] | null;
}

/** Type and shape out of a declared TypeProto. */
export function valueType(type: TypeProto | undefined): ValueType {
  if (type?.value.case !== 'tensorType') return { dataType: DataType.UNDEFINED, shape: null };
  const { elemType, shape } = type.value.value;
  return {
    dataType: elemType,
    shape:
      shape === undefined
        ? null
        : shape.dim.map(({ value }) => {
            if (value.case === 'dimValue') return Number(value.value);
            return value.case === 'dimParam' ? value.value : '';
          }),
  };
}
