/**
 * What a parameter takes.
 * - `tensor`: a value of the operation's own element type; with `?` it may be left out altogether.
 * - `tensors`: a list of such values. `any`: a value of whatever type the operation takes there.
 * - `number`: a scalar of the operation's element type. `float`: a scalar in float32, whatever that type is.
 * - `index`: an int32 value. `int`, `ints`, `bool`, `bools`, `string`: constants of those types.
 */
export type ParameterKind =
  | 'tensor'
  | 'tensor?'
  | 'tensors'
  | 'any'
  | 'number'
  | 'float'
  | 'index'
  | 'int'
  | 'ints'
  | 'int?'
  | 'ints?'
  | 'bool'
  | 'bools'
  | 'string';

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
  /** The specification version from which on the parameter exists; before, it must not be written. */
  readonly since: number;
}

export interface OperationForm {
  /** Element types that the operation computes on. */
  readonly types: 'float' | 'number' | 'any' | 'bool';
  readonly parameters: readonly Parameter[];
  /** The specification version that brought the operation. */
  readonly since: number;
}

/** The least specification of ML Programs: iOS 15. */
const FIRST = 6;

/**
 * `types: parameter:kind ...`; `@7` behind a kind says that the parameter came with specification 7. Every parameter of
 * the list is written for each operation, those with defaults too: Core ML's compiler refuses operations that lack one.
 */
const FORMS: Readonly<Record<string, string>> = {
  ...all('abs sign square', 'number x:tensor'),
  ...all(
    'acos asin atan atanh ceil cos cosh erf exp floor relu relu6 round sigmoid silu sin sinh softplus softsign sqrt tan tanh',
    'float x:tensor',
  ),
  ...all('add sub mul real_div floor_div maximum minimum mod pow', 'number x:tensor y:tensor'),
  ...all('equal not_equal greater greater_equal less less_equal', 'number x:tensor y:tensor'),
  ...all('logical_and logical_or logical_xor', 'bool x:tensor y:tensor'),
  ...all('log rsqrt inverse', 'float x:tensor epsilon:number'),
  ...all('clip sigmoid_hard linear_activation scaled_tanh', 'float x:tensor alpha:number beta:number'),
  ...all('elu leaky_relu thresholded_relu', 'float x:tensor alpha:number'),
  ...all(
    'reduce_l1_norm reduce_l2_norm reduce_log_sum reduce_log_sum_exp reduce_max reduce_mean reduce_min reduce_prod reduce_sum reduce_sum_square',
    'number x:tensor axes:ints keep_dims:bool',
  ),
  ...all('reduce_argmax reduce_argmin', 'number x:tensor axis:int keep_dims:bool output_dtype:string@8'),
  ...all(
    'scatter_along_axis',
    'number data:tensor indices:index updates:tensor axis:int mode:string validate_indices:bool@8',
  ),
  ...all('depth_to_space space_to_depth', 'float x:tensor block_size:int'),
  logical_not: 'bool x:tensor',
  identity: 'any x:tensor',
  gelu: 'float x:tensor mode:string',
  prelu: 'float x:tensor alpha:tensor',
  conv: 'float x:tensor weight:tensor bias:tensor? strides:ints pad_type:string pad:ints dilations:ints groups:int',
  conv_transpose:
    'float x:tensor weight:tensor bias:tensor? pad:ints output_shape:ints? pad_type:string strides:ints dilations:ints groups:int',
  max_pool: 'float x:tensor kernel_sizes:ints strides:ints pad_type:string pad:ints ceil_mode:bool',
  avg_pool:
    'float x:tensor kernel_sizes:ints strides:ints pad_type:string pad:ints exclude_padding_from_average:bool ceil_mode:bool',
  batch_norm: 'float x:tensor mean:tensor variance:tensor gamma:tensor? beta:tensor? epsilon:number',
  instance_norm: 'float x:tensor gamma:tensor? beta:tensor? epsilon:number',
  layer_norm: 'float x:tensor axes:ints gamma:tensor? beta:tensor? epsilon:number',
  local_response_norm: 'float x:tensor size:int alpha:number beta:number k:number',
  linear: 'float x:tensor weight:tensor bias:tensor?',
  matmul: 'number x:tensor y:tensor transpose_x:bool transpose_y:bool',
  softmax: 'float x:tensor axis:int',
  lstm: 'float x:tensor initial_h:tensor initial_c:tensor weight_ih:tensor weight_hh:tensor bias:tensor peephole:tensor weight_ih_back:tensor weight_hh_back:tensor bias_back:tensor peephole_back:tensor direction:string output_sequence:bool recurrent_activation:string cell_activation:string activation:string clip:number',
  rnn: 'float x:tensor initial_h:tensor weight_ih:tensor weight_hh:tensor bias:tensor direction:string output_sequence:bool activation:string',
  cumsum: 'number x:tensor axis:int exclusive:bool reverse:bool',
  concat: 'any values:tensors axis:int interleave:bool',
  split: 'any x:tensor split_sizes:ints axis:int',
  slice_by_index: 'any x:tensor begin:ints end:ints stride:ints begin_mask:bools end_mask:bools squeeze_mask:bools',
  reshape: 'any x:tensor shape:ints',
  transpose: 'any x:tensor perm:ints',
  expand_dims: 'any x:tensor axes:ints',
  squeeze: 'any x:tensor axes:ints',
  reverse: 'any x:tensor axes:ints',
  tile: 'any x:tensor reps:ints',
  pad: 'float x:tensor pad:ints mode:string constant_val:number',
  gather: 'number x:tensor indices:index axis:int batch_dims:int@7 validate_indices:bool@8',
  gather_along_axis: 'number x:tensor indices:index axis:int validate_indices:bool@8',
  gather_nd: 'number x:tensor indices:index batch_dims:int@7 validate_indices:bool@8',
  scatter_nd: 'number data:tensor indices:index updates:tensor mode:string validate_indices:bool@8',
  one_hot: 'any indices:index one_hot_vector_size:int axis:int on_value:number off_value:number',
  topk: 'number x:tensor k:int axis:int ascending:bool sort:bool@7 return_indices:bool@7 output_indices_dtype:string@8',
  select: 'any cond:any a:tensor b:tensor',
  cast: 'any x:any dtype:string',
  band_part: 'any x:tensor lower:int upper:int',
  pixel_shuffle: 'float x:tensor upscale_factor:int',
  upsample_nearest_neighbor: 'float x:tensor scale_factor_height:int scale_factor_width:int',
  resize_bilinear: 'float x:tensor target_size_height:int target_size_width:int sampling_mode:string',
  upsample_bilinear:
    'float x:tensor scale_factor_height:float scale_factor_width:float align_corners:bool half_pixel_centers:bool@7',
  resample:
    'float x:tensor coordinates:tensor sampling_mode:string padding_mode:string padding_value:number coordinates_mode:string align_corners:bool',
  reverse_sequence: 'any x:tensor lengths:index seq_axis:int batch_axis:int',
  constexpr_affine_dequantize: 'any quantized_data:any zero_point:any scale:any axis:int',
};

function all(names: string, form: string): Readonly<Record<string, string>> {
  return Object.fromEntries(names.split(' ').map((name) => [name, form]));
}

const SINCE: Readonly<Record<string, number>> = { constexpr_affine_dequantize: 7 };
const parsed = new Map<string, OperationForm>();

/** What a MIL operation takes. @throws RangeError for one that is not in the table. */
export function formOf(operation: string): OperationForm {
  const known = parsed.get(operation);
  if (known !== undefined) return known;
  const [types, ...parameters] = (FORMS[operation] ?? '').split(' ');
  if (types === undefined || types === '') throw new RangeError(`There is no form of the MIL operation ${operation}.`);
  const form: OperationForm = {
    types: types as OperationForm['types'],
    since: SINCE[operation] ?? FIRST,
    parameters: parameters.map((each) => {
      const [name = '', kind = '', since] = each.split(/[:@]/);
      return { name, kind: kind as ParameterKind, since: Number(since ?? FIRST) };
    }),
  };
  parsed.set(operation, form);
  return form;
}

/** Every operation of the table. */
export const MIL_OPERATIONS: readonly string[] = Object.keys(FORMS);
