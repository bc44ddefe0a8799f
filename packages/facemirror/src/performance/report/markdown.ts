import { seriesInWords, timelineRows } from './chart-words.js';
import type { Block, ReportDocument } from './document.js';

/**
 * The report as GitHub-flavoured Markdown. Charts become their figures: smallest, largest, last; the timeline how busy
 * each lane was.
 */
export function renderMarkdown(report: ReportDocument): string {
  const lines: string[] = [
    `# ${escape(report.title)}`,
    '',
    escape(report.subtitle),
    '',
    ...table(['', ''], report.headline),
  ];
  for (const section of report.sections) {
    lines.push(`## ${escape(section.title)}`, '', ...section.blocks.flatMap(renderBlock));
    for (const subsection of section.subsections) {
      lines.push(`### ${escape(subsection.title)}`, '', ...subsection.blocks.flatMap(renderBlock));
    }
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function renderBlock(block: Block): string[] {
  switch (block.kind) {
    case 'text':
      return [escape(block.text), ''];
    case 'list':
      return block.items.length === 0 ? [] : [...block.items.map((item) => `- ${escape(item)}`), ''];
    case 'figures':
      return table(['', ''], block.rows);
    case 'table':
      return table(block.head, block.rows);
    case 'log':
      return ['```', ...block.lines.map((line) => line.replaceAll('```', "'''")), '```', ''];
    case 'bars':
      return block.bars.length === 0
        ? []
        : table(
            [block.title, ''],
            block.bars.map(({ label, text }) => [label, text]),
          );
    case 'series':
      return block.points.length === 0
        ? []
        : [`${escape(block.title)}: ${escape(seriesInWords(block.points, block.unit))}.`, ''];
    case 'timeline':
      return block.spans.length === 0 ? [] : table([block.title, 'Pieces of work', 'Busy'], timelineRows(block.spans));
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => escape(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(head), row(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...rows.map(row), ''];
}

function escape(text: string): string {
  return text.replaceAll(/[\\`*_<>[\]&~#]/g, (character) => `\\${character}`).replaceAll(/[\r\n]+/g, ' ');
}
