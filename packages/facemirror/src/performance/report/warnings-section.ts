import { parseLog, type LogNotice } from 'onnx-lens';
import type { Block, Section } from './document.js';
import type { RunFacts, RuntimeWarning } from '../../results/facts.js';
import { crossing } from './utilization-section.js';
import { counted, providerInWords } from '../../wording.js';

/** What ONNX Runtime warned of in this run, and what it implies. */
export function warningsSection(facts: RunFacts): Section {
  const fragmented = facts.utilization.filter((each) => each.partitions > 1);
  const unsupported = [...new Set(fragmented.flatMap((each) => each.causes.map((cause) => cause.text)))].slice(0, 8);
  return {
    title: 'Warnings detected',
    blocks: caughtBlocks(facts),
    subsections:
      fragmented.length === 0
        ? []
        : [
            {
              title: 'Partition fragmentation',
              blocks: [
                {
                  kind: 'text',
                  text: `${facts.provider === 'coreml' ? 'By the analysis' : 'Core ML was not asked here: by the analysis'}, ONNX Runtime warns of this when it opens these models there.`,
                },
                {
                  kind: 'log',
                  lines: fragmented.map(
                    (each) =>
                      `${each.model}: number of partitions supported by CoreML: ${each.partitions} number of nodes in the graph: ${each.nodes} number of nodes supported by CoreML: ${each.supported}`,
                  ),
                },
                {
                  kind: 'list',
                  items: fragmented.map(
                    (each) =>
                      `${each.model} on ${each.provider}: ${each.partitions} partitions of ${each.nodes} nodes; ${crossing(each)} cross borders in each inference.`,
                  ),
                },
                {
                  kind: 'text',
                  text: 'Each border is a hand-over between provider and CPU, with a copy of its tensors and a wait. What breaks the graphs:',
                },
                { kind: 'list', items: unsupported },
              ],
            },
          ],
  };
}

/** The lines as they were logged, and what they imply. */
function caughtBlocks({ warnings, provider, isUninspected }: RunFacts): Block[] {
  if (isUninspected) return [{ kind: 'text', text: 'Not listened for: the run was made without --report.' }];
  if (warnings.length === 0)
    return [
      {
        kind: 'text',
        text: `ONNX Runtime gave no warning when these networks were opened and run on ${providerInWords(provider)}.`,
      },
    ];
  return [
    { kind: 'log', lines: warnings.map((warning) => `${warning.model}: ${warning.line}`) },
    { kind: 'text', text: 'What they imply:' },
    { kind: 'list', items: implications(warnings) },
  ];
}

/** What warnings say of speed, memory and results, each once with the models that it concerns. */
export function implications(warnings: readonly RuntimeWarning[]): string[] {
  const models = new Map<string, Set<string>>();
  for (const { model, line } of warnings) {
    for (const meaning of meaningsOf(line)) models.set(meaning, (models.get(meaning) ?? new Set()).add(model));
  }
  return [...models].map(([meaning, of]) => `${[...of].join(', ')}: ${meaning}`);
}

function meaningsOf(line: string): string[] {
  const { sessions } = parseLog(line);
  const found = sessions.flatMap(({ capabilities, notices }) => [
    ...capabilities.map(({ provider, partitions, nodes, supported }) =>
      partitions === null || nodes === null || supported === null
        ? `${provider} was asked what it takes.`
        : `${provider} takes ${supported} of ${counted(nodes, 'node')} in ${counted(partitions, 'partition')}: in each inference, ${partitions > 1 ? 'every border between them is' : 'what is left makes'} a hand-over to the CPU, with copies and a wait.`,
    ),
    ...notices.map(noticeMeaning),
  ]);
  return found.length === 0 ? ['a line that is none of the known messages of ONNX Runtime.'] : found;
}

function noticeMeaning(notice: LogNotice): string {
  switch (notice.kind) {
    case 'not-preferred':
      return 'some nodes run on the CPU instead of the provider that was asked for. Those that only compute shapes belong there; any other is a hand-over with copies.';
    case 'forced-to-cpu':
      return 'ONNX Runtime itself moved nodes to the CPU, as it deems them faster there: small ones, around shapes.';
    case 'no-kernel':
      return `${notice.provider} cannot compute ${notice.opType}: it runs elsewhere, at the price of a hand-over.`;
    case 'copies':
      return `${counted(notice.count, 'copy step')} between CPU and ${notice.provider} in each inference: they cost time, and break what could be one piece.`;
    case 'message':
      return messageMeaning(notice.text);
  }
}

/** Messages that say nothing of where nodes run, by what they begin with or hold. */
const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [
    /Removing initializer .* not used by any node/,
    'weights that nothing uses are left out when the model is opened: the file is larger than it need be, nothing is slower.',
  ],
  [
    /appears in graph inputs and will not be treated as constant/,
    'weights are inputs as well, so that ONNX Runtime can neither fold nor pack them: slower than need be. Export the model without its weights as inputs.',
  ],
  [/Serializing optimized model/, 'the optimized graph was written for this machine: it may not run on another.'],
  [
    /shape mismatch|Error merging shape info|VerifyOutputSizes|Expected shape from model/i,
    'a shape that the model declares is not the one that comes out: ONNX Runtime takes the one it infers. What relies on the declared one is wrong, and memory is planned without it.',
  ],
  [
    /CPU ?id_info warning|Unknown CPU vendor|cpuinfo/i,
    'ONNX Runtime does not know this processor, and may choose slower kernels than it could use.',
  ],
  [
    /Failed to load library|Failed to create .*ExecutionProvider|not in available provider names/i,
    'a provider could not be loaded: what was meant for it runs on the CPU.',
  ],
  [/pthread_setaffinity_np|affinity/i, 'threads could not be bound to cores: no result changes, speed may vary.'],
  [
    /int64|INT64.*(cast|clamp|32)/,
    'whole numbers of 64 bits are narrowed for the provider: values beyond 32 bits would be cut.',
  ],
];

function messageMeaning(text: string): string {
  return (
    MESSAGES.find(([pattern]) => pattern.test(text))?.[1] ??
    'a message that this report has no explanation for; it stands above as ONNX Runtime wrote it.'
  );
}
