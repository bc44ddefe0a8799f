import type { CoverageResult, NodeVerdict } from '../coverage/result.js';
import type { LogComparison } from '../logs/compare.js';

/**
 * The analysis as JSON for other programs. Stable fields: `model`, `provider`, `format`, `ort`, `nodes`, `supported`,
 * `cpu`, `coverage` (percent), `partitions` (how many), `impact` and `perNode` in the level-1 graph's order; those of
 * If, Loop and Scan bodies are in `subgraphs`; all else
 * stands beside them under other names.
 *
 * @example
 * const json = coverageJson(await analyseCoverage('model.onnx'));
 * JSON.parse(json).provider; // 'coreml'
 */
export function coverageJson(result: CoverageResult, comparison: LogComparison | null = null): string {
  const {
    model,
    target,
    rules,
    nodes,
    supported,
    cpu,
    coverage,
    partitions,
    impact,
    advice,
    perNode,
    causes,
    subgraphs,
    work,
    variants,
    notes,
  } = result;
  const document = {
    model,
    provider: target.provider,
    format: target.format,
    ort: target.ort,
    staticShapesOnly: target.staticShapesOnly,
    nodes,
    supported,
    cpu,
    coverage,
    partitions: partitions.length,
    impact,
    advice,
    perNode: perNode.map(nodeJson),
    partitionList: partitions,
    causes,
    subgraphs: subgraphs.map(({ partitions, perNode, ...rest }) => ({
      ...rest,
      partitions: partitions.length,
      perNode: perNode.map(nodeJson),
      partitionList: partitions,
    })),
    work,
    variants,
    rules: rules.statement,
    notes,
    ...(comparison === null ? {} : { logComparison: comparison }),
  };
  return JSON.stringify(document, null, 2);
}

function nodeJson({
  index,
  name,
  opType,
  domain,
  supported,
  partition,
  reason,
  macs,
  weightBytes,
}: NodeVerdict): object {
  return {
    index,
    name,
    opType,
    supported,
    partition,
    reason: reason?.text ?? null,
    rule: reason?.rule ?? null,
    domain,
    macs,
    weightBytes,
  };
}
