import { basename } from 'node:path';
import { analyseCoverage, parseModel, type CoverageResult, type CoreMlFormat, type OrtVersion } from 'onnx-lens';
import { crossesFreeDimensions } from 'onnx-lens/internal';
import type { UtilizationFacts } from '../../results/facts.js';

/** A model to look at: its bytes, or the path of its file. */
export interface AnalysedModel {
  readonly name: string;
  readonly model: string | Uint8Array;
  /** What it does in the pipeline; empty for a model that is no part of the run. */
  readonly job: string;
  /** Sizes of its free dimensions, where sessions are opened with them fixed. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** Under which rules. */
export interface UtilizationTarget {
  readonly format: CoreMlFormat;
  readonly ort?: OrtVersion;
}

/**
 * How a model lands on Core ML. The analysis needs no Mac.
 * @throws OnnxLensError for a file that is no model, or one that ONNX Runtime refuses.
 */
export async function analyseUtilization(
  { name, model, job, sizes = {} }: AnalysedModel,
  target: UtilizationTarget,
): Promise<UtilizationFacts> {
  const file = typeof model === 'string' ? basename(model) : `${name}.onnx`;
  const result = await analyseCoverage(typeof model === 'string' ? model : parseModel(model, file), {
    provider: 'coreml',
    format: target.format,
    fix: sizes,
    ...(target.ort === undefined ? {} : { ort: target.ort }),
  });
  return toFacts(name, file, job, result);
}

function toFacts(model: string, file: string, job: string, result: CoverageResult): UtilizationFacts {
  const { macsOnProvider, macsOnCpu } = result.work;
  const macs = macsOnProvider + macsOnCpu;
  return {
    model,
    file,
    job,
    provider: result.target.format === 'neuralnetwork' ? 'Core ML (NeuralNetwork)' : 'Core ML (MLProgram)',
    nodes: result.nodes,
    supported: result.supported,
    cpu: result.cpu,
    coverage: result.coverage,
    partitions: result.partitions.length,
    impact: result.impact,
    advice: result.advice,
    macsShare: macs === 0 ? result.coverage / 100 : macsOnProvider / macs,
    causes: result.causes.map((cause) => ({
      text: cause.text,
      nodes: cause.nodes.length,
      partitionsSaved: cause.partitionsSaved,
    })),
    boundaryBytes: result.partitions.reduce((sum, partition) => sum + partition.boundaryBytes, 0),
    crossesFree: crossesFreeDimensions(result.partitions),
    rules: result.rules.statement,
  };
}
