import type { ReportDocument } from './document.js';
import type { RunFacts } from '../../results/facts.js';
import { busyShare } from './gains.js';
import { bottleneck, recommendationSection, summarySection } from './closing-sections.js';
import { memorySection } from './memory-section.js';
import { performanceSection } from './performance-section.js';
import { utilizationSection } from './utilization-section.js';
import { warningsSection } from './warnings-section.js';
import { megabytes, ms, percent, providerInWords } from '../../wording.js';

/**
 * The performance report of a run: the sections of the analysis that this program grew from, in its order, measured.
 */
export function buildReport(facts: RunFacts): ReportDocument {
  const { machine, profile } = facts;
  const slowest = bottleneck(profile.stages);
  return {
    title: `Performance analysis: ${facts.video}`,
    subtitle: `Face Mirror ${facts.programVersion}, suite ${facts.suite}, provider ${facts.provider}, ${machine.cpu} (${machine.cores} cores, ${machine.platform}), ONNX Runtime ${machine.onnxRuntime}, Node ${machine.node}, ${facts.finishedAt}`,
    headline: [
      ...(facts.providerAsked === null
        ? []
        : [['Provider', `${providerInWords(facts.provider)}, not ${providerInWords(facts.providerAsked)}`] as const]),
      ['Speed', `${profile.framesPerSecond.toFixed(1)} frames/s`],
      ['Wall time', ms(profile.wallMs)],
      ['Cores busy', percent(busyShare(profile))],
      ['Peak memory', megabytes(profile.memory.peakRssBytes)],
      ['Bottleneck', slowest === undefined ? 'none' : `${slowest.stage}, ${percent(slowest.share)}`],
    ],
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
