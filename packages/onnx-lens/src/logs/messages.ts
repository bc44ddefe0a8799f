import { readUsability, type UsabilityMessage } from './usability.js';

/** The messages that count, as ONNX Runtime's versions 1.0 to 1.30 and its providers word them. */
export type Message =
  | { readonly kind: 'session-start' }
  | {
      readonly kind: 'capability';
      readonly provider: string;
      readonly partitions: number | null;
      readonly nodes: number | null;
      readonly supported: number | null;
    }
  | {
      readonly kind: 'verdict';
      readonly index: number;
      readonly name: string;
      readonly opType: string;
      readonly supported: boolean;
    }
  | {
      readonly kind: 'placement';
      readonly provider: string;
      readonly nodes: number | null;
      readonly all: boolean;
      readonly list: readonly NodeLabel[];
    }
  | { readonly kind: 'not-preferred' }
  | { readonly kind: 'verbose-hint' }
  | { readonly kind: 'forced-to-cpu'; readonly node: string }
  | { readonly kind: 'no-kernel'; readonly opType: string; readonly node: string; readonly provider: string }
  | { readonly kind: 'copies'; readonly count: number; readonly provider: string }
  | UsabilityMessage;

/** A node as placement lists call it. */
export interface NodeLabel {
  readonly opType: string;
  readonly name: string;
}

const COUNT = String.raw`(\d{1,9})`;
// CoreML, NNAPI, WebNN and DNNL part the figures with blanks, QNN with commas, VSINPU with semicolons.
const SUMMARY_START = /number of partitions supported by (\w+)(?: EP)?:\s*(\[?\w*\]?)/i;
const SUMMARY_NODES = new RegExp(String.raw`number of nodes in the graph:\s*${COUNT}`, 'i');
const SUMMARY_SUPPORTED = new RegExp(String.raw`number of nodes supported by \w+(?: EP)?:\s*${COUNT}`, 'i');
const SUBGRAPHS = new RegExp(
  String.raw`number of subgraphs running on (\w+) (?:execution provider|EP) is ${COUNT}`,
  'i',
);
const WHOLE_GRAPH = /\b(Whole|No) graph will run on (\w+) (?:execution provider|EP)\b/;
const OPENVINO_SUBGRAPHS = new RegExp(String.raw`Supported subgraphs on OpenVINO: ${COUNT}`);
const OPENVINO_WHOLE = /Model is fully supported by OpenVINO/;
// Bounded repeats: a log is a stranger's text, and reading it must take time in proportion to its length.
const VERDICT = /Operator type: \[([^\]]{0,200})\] index: \[(\d{1,9})\] name: \[(.{0,2000})\] supported: \[([01])\]/;
const VERDICT_FIRST =
  /Node supported: \[([01])\] Operator type: \[([^\]]{0,200})\] index: \[(\d{1,9})\] name: \[(.{0,4000})\]/;
const VERDICT_QNN =
  /Node supported: \[([01])\] index: \[(\d{1,9})\] name: \[(.{0,2000})\] Operator type: \[([^\]]{0,200})\]/;
const PLACEMENT = new RegExp(
  String.raw`(Node\(s\)|All nodes) (?:have been )?placed on \[([^\]]{1,200})\](?:\. Number of nodes: ${COUNT})?`,
);
const OLD_PLACEMENT = /^\s*Provider: \[([^\]]{1,200})\]: \[(.*)\]\s*$/;
const PLACED_NODE = /^\s*([\w.:]+) \((.*)\)\s*$/;
const NO_KERNEL = /\b(\w+) kernel not (?:supported|found).{0,80}?for Op type: (\S{1,200})(?: node name: (.*))?/i;
const COPIES = new RegExp(String.raw`${COUNT} Memcpy nodes are added to the graph .{0,500}? for (\w+)`);

/** Reads one message; null for one that tells nothing of where nodes run. */
export function readMessage(text: string): Message | null {
  return readVerdict(text) ?? readSummary(text) ?? readPlacement(text) ?? readRemark(text) ?? readUsability(text);
}

// Core ML's own failures, as the provider hands them on, and what the Python and JavaScript packages throw.
const COREML_FAILURE = /\bError (?:[Cc]reating MLModel|compiling model|executing model)\b.{0,2000}/;
const STATUS = /\[ONNXRuntimeError\] : \d{1,9} : (\w{1,40}) : (.{1,2000})/;

/** Reads a failure in a line that lacks ONNX Runtime's mark: a program's own output, NSLog, an exception's text. */
export function readFailure(text: string): { readonly where: string; readonly text: string } | null {
  const status = STATUS.exec(text);
  if (status !== null) return { where: status[1] ?? '', text: (status[2] ?? '').trim() };
  const failure = COREML_FAILURE.exec(text);
  return failure === null ? null : { where: 'Core ML', text: failure[0].trim() };
}

/**
 * True for a mark without a message, and for the first part of one that a terminal or a person has broken over several
 * lines.
 */
export function isCutOff(text: string): boolean {
  if (text.trim() === '') return true;
  if (/Operator type: \[/.test(text)) return !/was added\s*$/.test(text) && !/supported: \[[01]\]/.test(text);
  if (/GetCapability,\s*$/.test(text)) return true;
  if (/number of partitions supported by/i.test(text)) return !SUMMARY_SUPPORTED.test(text);
  return /\bnumber of (?:partitions|nodes)?\s*$/i.test(text);
}

function readVerdict(text: string): Message | null {
  const plain = VERDICT.exec(text);
  if (plain !== null) {
    const [, opType = '', index = '', name = '', supported] = plain;
    return { kind: 'verdict', index: Number(index), name, opType, supported: supported === '1' };
  }
  const qnn = VERDICT_QNN.exec(text);
  if (qnn !== null) {
    const [, supported, index = '', name = '', opType = ''] = qnn;
    return { kind: 'verdict', index: Number(index), name, opType, supported: supported === '1' };
  }
  const first = VERDICT_FIRST.exec(text);
  if (first === null) return null;
  const [, supported, opType = '', index = '', rest = ''] = first;
  const unit = rest.indexOf('] as part of the NodeUnit');
  return {
    kind: 'verdict',
    index: Number(index),
    name: unit < 0 ? rest : rest.slice(0, unit),
    opType,
    supported: supported === '1',
  };
}

function readSummary(text: string): Message | null {
  const start = SUMMARY_START.exec(text);
  if (start !== null) {
    const [, provider = '', partitions = ''] = start;
    return {
      kind: 'capability',
      provider,
      partitions: /^\d{1,9}$/.test(partitions) ? Number(partitions) : null,
      nodes: figure(SUMMARY_NODES.exec(text)),
      supported: figure(SUMMARY_SUPPORTED.exec(text)),
    };
  }
  const bare = { kind: 'capability', nodes: null, supported: null } as const;
  const subgraphs = SUBGRAPHS.exec(text);
  if (subgraphs !== null) return { ...bare, provider: subgraphs[1] ?? '', partitions: Number(subgraphs[2]) };
  const whole = WHOLE_GRAPH.exec(text);
  if (whole !== null) return { ...bare, provider: whole[2] ?? '', partitions: whole[1] === 'Whole' ? 1 : 0 };
  const clusters = OPENVINO_SUBGRAPHS.exec(text);
  if (clusters !== null) return { ...bare, provider: 'OpenVINO', partitions: Number(clusters[1]) };
  return OPENVINO_WHOLE.test(text) ? { ...bare, provider: 'OpenVINO', partitions: 1 } : null;
}

function readPlacement(text: string): Message | null {
  const placed = PLACEMENT.exec(text);
  if (placed !== null) {
    return {
      kind: 'placement',
      provider: placed[2] ?? '',
      nodes: placed[3] === undefined ? null : Number(placed[3]),
      all: placed[1] === 'All nodes',
      list: [],
    };
  }
  const old = OLD_PLACEMENT.exec(text);
  if (old === null) return null;
  const list = (old[2] ?? '')
    .split('), ')
    .flatMap((label) => readLabel(label.trim() === '' ? '' : `${label.replace(/\)\s*$/, '')})`) ?? []);
  return { kind: 'placement', provider: old[1] ?? '', nodes: list.length, all: false, list };
}

/** Reads a line of a placement list, `Conv (name)`; null for all else. */
export function readLabel(text: string): NodeLabel | null {
  const label = PLACED_NODE.exec(text);
  return label === null ? null : { opType: label[1] ?? '', name: label[2] ?? '' };
}

function readRemark(text: string): Message | null {
  if (text.includes('Initializing session.')) return { kind: 'session-start' };
  if (text.includes('Some nodes were not assigned to the preferred execution providers'))
    return { kind: 'not-preferred' };
  if (text.includes('Rerunning with verbose output on a non-minimal build')) return { kind: 'verbose-hint' };
  const forced = /Force fallback to CPU execution for node: (.{0,2000}?)(?: because the CPU execution path|$)/.exec(
    text,
  );
  if (forced !== null) return { kind: 'forced-to-cpu', node: forced[1] ?? '' };
  const kernel = NO_KERNEL.exec(text);
  if (kernel !== null)
    return { kind: 'no-kernel', provider: kernel[1] ?? '', opType: kernel[2] ?? '', node: kernel[3] ?? '' };
  const copies = COPIES.exec(text);
  return copies === null ? null : { kind: 'copies', count: Number(copies[1]), provider: copies[2] ?? '' };
}

function figure(match: RegExpExecArray | null): number | null {
  return match === null ? null : Number(match[1]);
}
