import type { Block, ReportDocument } from './document.js';

/** The report as GitHub-flavoured Markdown. Charts become their figures: smallest, largest, last. */
export function renderMarkdown(report: ReportDocument): string {
  const lines: string[] = [`# ${escape(report.title)}`, '', escape(report.subtitle), '', ...table(['', ''], report.headline)];
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
      return block.bars.length === 0 ? [] : table([block.title, ''], block.bars.map(({ label, text }) => [label, text]));
    case 'series': {
      if (block.points.length === 0) return [];
      const means = block.points.map((point) => point.mean);
      const largest = Math.max(...block.points.map((point) => point.max));
      return [`${escape(block.title)}: ${Math.min(...means).toFixed(1)} to ${largest.toFixed(1)} ${block.unit}, at the end ${(means.at(-1) ?? 0).toFixed(1)} ${block.unit}.`, ''];
    }
    case 'timeline':
      return [];
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]): string => `| ${cells.map((cell) => escape(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(head), row(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...rows.map(row), ''];
}

function escape(text: string): string {
  return text.replaceAll(/[\\`*_<>]/g, (character) => `\\${character}`).replaceAll(/[\r\n]+/g, ' ');
}
