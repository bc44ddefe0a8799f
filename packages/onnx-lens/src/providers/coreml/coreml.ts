import { describeNode } from '../../model/graph.js';
import type { NodeView } from '../graph-view.js';
import type { Provider, ProviderOpinion, Verdict } from '../provider.js';
import type { Reason, Target } from '../target.js';
import { COREML_RULES } from './rules/all.js';
import {
  floatInput,
  inputName,
  isMlProgram,
  isStatic,
  negativeDimension,
  reason,
  shapeOf,
  showShape,
  type OperatorRule,
  type Settings,
} from './rule.js';

/** The Core ML provider: onnxruntime/core/providers/coreml. */
export const coreMl: Provider = {
  name: 'coreml',
  title: 'Core ML',
  visitsSubgraphs: 'option',
  provenance,
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
      dropped: (group) => droppedGroup(group, settings),
      notes: () => [
        ...graph.nodes.flatMap((node) => crashNote(node, settings.judge(node), target)),
        ...negativeOutputNotes(settings, target),
      ],
    };
  },
};

/** The callback of CoreMLExecutionProvider::GetCapability, from 1.27 on: a group of trivial nodes is given back. */
const TRIVIAL_GROUPS_DROPPED_SINCE = 27;

function droppedGroup(group: readonly NodeView[], settings: Settings): Reason | null {
  if (
    settings.ort < TRIVIAL_GROUPS_DROPPED_SINCE ||
    !group.every(({ opType }) => COREML_RULES.get(opType)?.isTrivial === true)
  )
    return null;
  const operators = [...new Set(group.map(({ opType }) => opType))].join(', ');
  return reason('partition.dropped', `a group of nothing but ${operators} does no arithmetic and is left to the CPU`);
}

function crashNote(node: NodeView, verdict: Verdict, target: Target): string[] {
  return verdict?.rule.startsWith('crash.') === true
    ? [
        `Opening this model with Core ML in ONNX Runtime ${target.ort} would fail at ${describeNode(node.proto)}: ${verdict.text}.`,
      ]
    : [];
}

/**
 * A partition's outputs are described to Core ML with their shapes (ModelBuilder::RegisterModelInputOutput), which
 * throws at a negative dimension. Readers inside the partition have been judged already, by the same test of their
 * inputs.
 */
function negativeOutputNotes({ graph, judge }: Settings, target: Target): string[] {
  return graph.nodes
    .filter((node) => judge(node) === null)
    .flatMap((node) =>
      node.outputs.flatMap((value, from) => {
        const negative = negativeDimension(value);
        const leaves =
          graph.outputs.includes(value.name) ||
          node.outputEdges.some((edge) => edge.from === from && judge(edge.node) !== null);
        return negative === null || !leaves
          ? []
          : [
              `Opening this model with Core ML in ONNX Runtime ${target.ort} would fail after partitioning: the output "${value.name}" of ${describeNode(node.proto)} ${negative}.`,
            ];
      }),
    );
}

function minorVersion(target: Target): number {
  return Number(target.ort.split('.')[1]);
}

function provenance(target: Target): string {
  const { ort } = target;
  if (ort === '1.21') {
    return (
      "Rules of ONNX Runtime 1.21's Core ML provider, read from its source and checked node by node against that very code, " +
      'on the ONNX backend test models, on generated graphs of every operator, and on the three models this tool began with.'
    );
  }
  if (ort === '1.27') {
    return (
      "Rules of ONNX Runtime 1.27's Core ML provider, compared with a provider compiled from its source on 124,230 nodes: " +
      'all 430 differences were of four kinds, which the rules have followed since.'
    );
  }
  const minor = minorVersion(target);
  return [
    `Rules of ONNX Runtime ${ort}'s Core ML provider: those of 1.21 and 1.27, which are checked against that code node by node, ` +
      'with the changes of this version read from the source and the released macOS libraries; it is not checked against a running provider.',
    ...(minor === 22 || minor === 23
      ? [
          'float16 is refused in ML Programs by operators with the default type check: their machine code in the released macOS libraries 1.22.0 and 1.23.2 accepts float32 alone. A build of your own that defines COREML_ENABLE_MLPROGRAM would take it.',
        ]
      : []),
    ...(minor > 28
      ? [
          `The macOS library of ${ort}.0 has the same operators, messages and comparisons as that of 1.28.0, as far as its machine code shows.`,
        ]
      : []),
  ].join(' ');
}

/** BaseOpBuilder::IsOpSupported in onnxruntime/core/providers/coreml/builders/impl/base_op_builder.cc. */
function judge(node: NodeView, settings: Settings): Verdict {
  const rule = COREML_RULES.get(node.opType);
  if (rule === undefined || settings.ort < (rule.since ?? 21))
    return reason('op-type', `Core ML has no form of ${node.opType} in ONNX Runtime 1.${settings.ort}`);
  return (
    formatVerdict(node, rule, settings) ??
    opsetVerdict(node, rule, settings) ??
    inputsVerdict(node, rule, settings) ??
    (rule.inputTypes ?? floatInput)(node, settings) ??
    externalVerdict(node, settings) ??
    rule.supports?.(node, settings) ??
    null
  );
}

function formatVerdict(node: NodeView, rule: OperatorRule, settings: Settings): Verdict {
  const { mlProgramSince = 21 } = rule;
  return isMlProgram(settings) && settings.ort < mlProgramSince
    ? reason('format', `${node.opType} has a form in NeuralNetwork only, not in ML Program`)
    : null;
}

/** Newest definition of an operator that is taken: BaseOpBuilder::GetMaxSupportedOpSet, from each minor version on. */
const NEWEST_OPSET: readonly (readonly [ort: number, opset: number])[] = [
  [21, 21],
  [23, 23],
  [24, 25],
  [28, 27],
];

function opsetVerdict(node: NodeView, rule: OperatorRule, settings: Settings): Verdict {
  const { minOpset = 1 } = rule;
  const oldest = typeof minOpset === 'function' ? minOpset(settings) : minOpset;
  const newest = NEWEST_OPSET.findLast(([ort]) => ort <= settings.ort)?.[1] ?? 21;
  if (node.sinceVersion >= oldest && node.sinceVersion <= newest) return null;
  return reason(
    'opset',
    `${node.opType} is taken as defined in opset ${oldest} to ${newest}; this one is of opset ${node.sinceVersion}`,
  );
}

/** In 1.23 the limit of 16384 per dimension became one of convolutions only. */
const DIMENSION_LIMIT_UNTIL = 23;
const EXTERNAL_WEIGHTS_SINCE = 23;

/** IsInputSupported in onnxruntime/core/providers/coreml/builders/helper.cc. */
function inputsVerdict(node: NodeView, rule: OperatorRule, settings: Settings): Verdict {
  for (const [place, value] of node.inputs.entries()) {
    if (value.name === '') continue;
    const what = inputName(node, place);
    const negative = negativeDimension(value);
    if (negative !== null) return reason('crash.negative-dimension', `${what} ${negative}`);
    const shape = shapeOf(value);
    if (shape === undefined)
      return reason('input-shape.unknown', `the shape of ${what} is not known, not even its rank`);
    if (settings.staticShapesOnly && !isStatic(shape)) {
      return reason(
        'input-shape.dynamic',
        `${what} has the free shape ${showShape(shape)}, and only static shapes are asked for`,
      );
    }
    const large = shape.find((dim) => dim > 16384);
    if (large !== undefined && settings.ort < DIMENSION_LIMIT_UNTIL) {
      return reason(
        'input-shape.too-large',
        `${what} has a dimension of ${large}; Core ML loads no input beyond 16384`,
      );
    }
    if (shape.includes(0) && rule.allowsEmptyInputs !== true) {
      return reason('input-shape.empty', `${what} is empty: its shape is ${showShape(shape)}`);
    }
    if (shape.length > 5) {
      return reason('input-shape.rank', `${what} has ${shape.length} dimensions; Core ML takes at most five`);
    }
  }
  return null;
}

/** HasExternalInitializer in base_op_builder.cc: gone in 1.23. */
function externalVerdict(node: NodeView, settings: Settings): Verdict {
  const external = settings.ort < EXTERNAL_WEIGHTS_SINCE ? node.inputs.find((value) => value.isExternal) : undefined;
  return external === undefined
    ? null
    : reason('external-weights', `"${external.name}" is kept in a file of its own, which this version does not take`);
}
