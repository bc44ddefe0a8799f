import type { NodeView } from '../graph-view.js';
import type { Provider, ProviderOpinion, Verdict } from '../provider.js';
import type { Target } from '../target.js';
import { COREML_RULES } from './rules/all.js';
import { floatInput, inputName, isMlProgram, isStatic, reason, shapeOf, showShape, type OperatorRule, type Settings } from './rule.js';

/** The Core ML provider: onnxruntime/core/providers/coreml. */
export const coreMl: Provider = {
  name: 'coreml',
  title: 'Core ML',
  provenance: (target) => `Rules of ONNX Runtime ${target.ort}'s Core ML provider, read from its source.`,
  examine(graph, target): ProviderOpinion {
    const verdicts = new Map<NodeView, Verdict>();
    const settings: Settings = {
      graph,
      format: target.format ?? 'neuralnetwork',
      staticShapesOnly: target.staticShapesOnly,
      ort: minorVersion(target),
      judge(node) {
        let verdict = verdicts.get(node);
        if (verdict === undefined) {
          verdict = judge(node, settings);
          verdicts.set(node, verdict);
        }
        return verdict;
      },
    };
    return {
      verdict: settings.judge,
      dropped: () => null,
      notes: () => [],
    };
  },
};

function minorVersion(target: Target): number {
  return Number(target.ort.split('.')[1]);
}

/** BaseOpBuilder::IsOpSupported in onnxruntime/core/providers/coreml/builders/impl/base_op_builder.cc. */
function judge(node: NodeView, settings: Settings): Verdict {
  const rule = COREML_RULES.get(node.opType);
  if (rule === undefined) return reason('op-type', `Core ML has no form of ${node.opType} in ONNX Runtime 1.${settings.ort}`);
  return (
    formatVerdict(node, rule, settings) ??
    opsetVerdict(node, rule, settings) ??
    inputsVerdict(node, rule, settings) ??
    (rule.inputTypes ?? floatInput)(node, settings) ??
    externalVerdict(node) ??
    rule.supports?.(node, settings) ??
    null
  );
}

function formatVerdict(node: NodeView, rule: OperatorRule, settings: Settings): Verdict {
  const { mlProgram = true } = rule;
  const has = typeof mlProgram === 'function' ? mlProgram(settings) : mlProgram;
  return isMlProgram(settings) && !has ? reason('format', `${node.opType} has a form in NeuralNetwork only, not in ML Program`) : null;
}

/** Newest definition of an operator that is taken: BaseOpBuilder::GetMaxSupportedOpSet. */
const NEWEST_OPSET = 21;

function opsetVerdict(node: NodeView, rule: OperatorRule, settings: Settings): Verdict {
  const { minOpset = 1 } = rule;
  const oldest = typeof minOpset === 'function' ? minOpset(settings) : minOpset;
  if (node.sinceVersion >= oldest && node.sinceVersion <= NEWEST_OPSET) return null;
  return reason('opset', `${node.opType} is taken as defined in opset ${oldest} to ${NEWEST_OPSET}; this one is of opset ${node.sinceVersion}`);
}

/** IsInputSupported in onnxruntime/core/providers/coreml/builders/helper.cc. */
function inputsVerdict(node: NodeView, rule: OperatorRule, settings: Settings): Verdict {
  for (const [place, value] of node.inputs.entries()) {
    if (value.name === '') continue;
    const shape = shapeOf(value);
    const what = inputName(node, place);
    if (shape === undefined) return reason('input-shape.unknown', `the shape of ${what} is not known, not even its rank`);
    if (settings.staticShapesOnly && !isStatic(shape)) {
      return reason('input-shape.dynamic', `${what} has the free shape ${showShape(shape)}, and only static shapes are asked for`);
    }
    const large = shape.find((dim) => dim > 16384);
    if (large !== undefined) {
      return reason('input-shape.too-large', `${what} has a dimension of ${large}; Core ML loads no input beyond 16384`);
    }
    if (shape.includes(0) && rule.allowsEmptyInputs !== true) {
      return reason('input-shape.empty', `${what} is empty: its shape is ${showShape(shape)}`);
    }
    if (shape.length > 5 && rule.judgesRankItself?.(settings) !== true) {
      return reason('input-shape.rank', `${what} has ${shape.length} dimensions; Core ML takes at most five`);
    }
  }
  return null;
}

function externalVerdict(node: NodeView): Verdict {
  const external = node.inputs.find((value) => value.isExternal);
  return external === undefined
    ? null
    : reason('external-weights', `"${external.name}" is kept in a file of its own, which this version does not take`);
}
