import { attribute, intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.js';
import type { NodeProto, TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { Rewrite } from '../rewrite.js';
import { isStandard } from '../../model/opset.js';
import type { Workbench } from '../workbench.js';

/**
 * Nodes that give back what they get.
 *
 * Pattern: Identity; Dropout outside training; Cast to the type a value has; Transpose in order; Reshape, Expand and
 * Flatten to the shape a value has; Tile by ones; Pad by zeros; Slice of everything; Concat, Sum, Max, Min, Mean of
 * one; Resize to the same size. Emits: nothing; readers read the input. Helps: every provider; the Core ML provider of
 * ONNX Runtime before 1.30 takes neither Identity nor Expand nor Tile.
 */
export const identity: Rewrite = {
  name: 'identity',
  summary: 'takes out nodes that give back what they get',
  purpose: 'simplify',
  apply(node, bench) {
    const input = node.input[0];
    const output = node.output[0];
    if (input === undefined || input === '' || output === undefined || !isStandard(node.domain)) return false;
    if (
      node.output.slice(1).some((other) => other !== '' && (bench.consumers(other).length > 0 || bench.isKept(other)))
    )
      return false;
    if (!givesBack(node, bench, input, output)) return false;
    if (bench.isKept(output) && !canCarryName(node, bench, input)) return false;
    if (bench.isKept(output)) carryName(bench, node, input, output);
    else bench.replace(node, () => input);
    return true;
  },
};

function givesBack(node: NodeProto, bench: Workbench, input: string, output: string): boolean {
  switch (node.opType) {
    case 'Identity':
      return true;
    case 'Dropout':
      return node.input[2] === undefined || node.input[2] === '' || bench.scalar(node.input[2]) === 0;
    case 'Cast':
      return bench.isFloat(input) && bench.dataType(input) === (intAttribute(node, 'to', 0) as DataType);
    case 'Transpose':
      return intsAttribute(node, 'perm')?.every((axis, place) => axis === place) === true;
    case 'Reshape':
    case 'Flatten':
    case 'Expand':
    case 'Squeeze':
      return hasOneFreeAtMost(bench, input) && bench.hasSameShape(input, output);
    case 'Tile':
      return bench.numbers(node.input[1])?.every((times) => times === 1) === true;
    case 'Pad':
      return (bench.numbers(node.input[1]) ?? intsAttribute(node, 'pads'))?.every((pad) => pad === 0) === true;
    case 'Slice':
      return bench.hasSameShape(input, output) && hasForwardSteps(node, bench);
    case 'Resize':
      return resizesNothing(node, bench, input, output);
    case 'Concat':
    case 'Sum':
    case 'Max':
    case 'Min':
    case 'Mean':
      return node.input.length === 1;
    default:
      return false;
  }
}

function hasOneFreeAtMost(bench: Workbench, value: string): boolean {
  return (bench.shape(value) ?? ['', '']).filter((dim) => typeof dim !== 'number').length <= 1;
}

function hasForwardSteps(node: NodeProto, bench: Workbench): boolean {
  return (
    node.input[4] === undefined ||
    node.input[4] === '' ||
    bench.numbers(node.input[4])?.every((step) => step === 1) === true
  );
}

function resizesNothing(node: NodeProto, bench: Workbench, input: string, output: string): boolean {
  const isCrop = stringAttribute(node, 'coordinate_transformation_mode') === 'tf_crop_and_resize';
  const scales = bench.numbers(node.input[2]);
  if (isCrop || attribute(node, 'antialias')?.i === 1n) return false;
  if (scales !== undefined && scales.length > 0) return scales.every((scale) => scale === 1);
  return bench.staticShape(input) !== undefined && bench.hasSameShape(input, output);
}

/** A graph output can be handed up to the node that makes the input, if nothing else has a claim on that name. */
function canCarryName(node: NodeProto, bench: Workbench, input: string): boolean {
  return bench.producer(input) !== undefined && !bench.isKept(input) && bench.soleConsumer(input) === node;
}

function carryName(bench: Workbench, node: NodeProto, input: string, output: string): void {
  const maker = bench.producer(input);
  if (maker === undefined) return;
  maker.output = maker.output.map((name) => (name === input ? output : name));
  bench.remove(new Set([node]));
}
