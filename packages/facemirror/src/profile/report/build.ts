import type { ReportDocument } from './document.js';
import type { RunFacts } from './facts.js';
import { memorySection, performanceSection, recommendationSection, summarySection, utilizationSection, warningsSection } from './sections.js';

/** The performance report of a run: the sections of the analysis that this program grew from, in its order, measured. */
export function buildReport(facts: RunFacts): ReportDocument {
  const { machine } = facts;
  return {
    title: `Performance analysis: ${facts.video}`,
    subtitle: `Face Mirror ${facts.programVersion}, suite ${facts.suite}, provider ${facts.provider}, ${machine.cpu} (${machine.cores} cores, ${machine.platform}), ONNX Runtime ${machine.onnxRuntime}, Node ${machine.node}, ${facts.finishedAt}`,
    sections: [
      utilizationSection(facts),
      warningsSection(facts),
      performanceSection(facts),
      memorySection(facts),
      recommendationSection(facts),
      summarySection(facts),
    ],
  };
}
