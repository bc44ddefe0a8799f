import type {
  BoundaryTensor,
  CoverageResult,
  NodeVerdict,
  Partition,
  Target,
  VariantFigures,
} from '../coverage/result.js';
import { crossesFreeDimensions } from '../coverage/partitions.js';
import { printable } from './format.js';
import { isStandard } from '../model/opset.js';

/** How to call a provider in running text. */
export function providerTitle(target: Target): string {
  switch (target.provider) {
    case 'coreml':
      return 'Core ML';
    case 'xnnpack':
      return 'XNNPACK';
    case 'nnapi':
      return 'NNAPI';
    case 'webnn':
      return 'WebNN';
  }
}

/** How to call a Core ML format, as ONNX Runtime's option spells it. */
function formatTitle(format: Target['format']): string {
  return format === 'mlprogram' ? 'MLProgram' : format === 'neuralnetwork' ? 'NeuralNetwork' : '';
}

/** Provider, format, shapes and rules in one line. */
export function targetLine({ target }: CoverageResult): string {
  const parts = [
    providerTitle(target),
    formatTitle(target.format),
    target.staticShapesOnly ? 'static shapes only' : '',
    `ONNX Runtime ${target.ort}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** What this analysis can say and what it cannot, once. */
export function meaning(target: Target): string {
  switch (target.provider) {
    case 'coreml':
      return (
        '"On Core ML" means that ONNX Runtime hands the node to Core ML. It does not mean "on the Neural Engine": Core ML alone ' +
        'decides, on the device, how it splits each partition over Neural Engine, GPU and CPU.'
      );
    case 'xnnpack':
      return '"On XNNPACK" means that ONNX Runtime gives the node to XNNPACK\'s kernels. They run on the CPU too; what changes is whose code runs.';
    case 'nnapi':
      return '"On NNAPI" means that ONNX Runtime hands the node to Android, which decides what runs it: an accelerator, the GPU or the CPU.';
    case 'webnn':
      return '"On WebNN" means that ONNX Runtime may hand the node to the browser, which decides what runs it: an NPU, the GPU or the CPU.';
  }
}

/** What the table of formats is for; empty for providers without formats. */
export function variantsNote(target: Target): string {
  if (target.provider !== 'coreml') return '';
  return (
    'ONNX Runtime writes NeuralNetwork unless the session asks for MLProgram, and its log does not tell which one it wrote. The measurements that ' +
    'this tool grew from (RetinaFace 117 of 144 nodes, STAR 706 of 855, MTL 359 of 520) are those of NeuralNetwork with free shapes, although the ' +
    'scripts had asked for MLProgram; their author could not see that. The table shows what the other choices give for this file.'
  );
}

/** How far bytes and multiply-accumulates are those of a real inference; empty when all shapes are known. */
export function freeDimensionsNote(partitions: readonly Partition[]): string {
  return crossesFreeDimensions(partitions)
    ? 'Free dimensions count as 1 here, in bytes and multiply-accumulates alike; give them sizes with --fix for the figures of a real inference.'
    : '';
}

/** Title of one column of the comparison of formats and shapes. */
export function variantTitle({ label, format, fixedShapes }: VariantFigures): string {
  return label !== '' ? label : `${formatTitle(format)}, ${fixedShapes ? 'fixed shapes' : 'shapes as they are'}`;
}

/** How to call a node: its name, or its place when it has none. */
export function nodeTitle({ name, index }: Pick<NodeVerdict, 'name' | 'index'>): string {
  return name === '' ? `(unnamed, node ${index})` : printable(name);
}

/** Operator with its domain where it is not ONNX's own. */
export function operatorTitle({ opType, domain }: Pick<NodeVerdict, 'opType' | 'domain'>): string {
  return printable(isStandard(domain) ? opType : `${domain}.${opType}`);
}

/** `name float[1,3,640,640]`. */
export function tensorTitle({ name, type, shape }: BoundaryTensor): string {
  const dimensions = shape.map((dimension) => (dimension === '' ? '?' : String(dimension))).join(',');
  return printable(`${name} ${type}[${dimensions}]`);
}
