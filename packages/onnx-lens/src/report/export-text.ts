import type { CoreMlExport, ExportedFunction } from '../export/coreml/export.js';
import type { Feature } from '../export/coreml/interface.js';
import { bytes, count, printable } from './format.js';
import { proofText } from './optimization-text.js';
import type { Table } from './tables.js';
import { TextPage, type TerminalOptions } from './terminal.js';

/**
 * What was exported: operations, interface, proof, error of halves and warnings.
 *
 * @example
 * const result = await exportCoreMl(fixDimensions(loadModel('model.onnx', 'read'), { batch: 1 }));
 * exportText('Model.mlpackage', result).includes('Core ML package'); // true
 */
export function exportText(name: string, result: CoreMlExport, options: TerminalOptions = {}): string {
  const page = new TextPage(options);
  const { encoded, functions, warnings, timings } = result;
  const systems = { 6: 'iOS 15, macOS 12', 7: 'iOS 16, macOS 13', 8: 'iOS 17, macOS 14', 9: 'iOS 18, macOS 15' }[
    encoded.specification
  ];
  page.line(page.colours.bold(printable(name)));
  page.line(
    page.colours.dim(
      `Core ML package (ML Program, specification ${encoded.specification}: ${systems ?? '?'} and newer), ${bytes(encoded.bytes)}`,
    ),
  );
  for (const [place, each] of functions.entries()) {
    const own = encoded.functions[place];
    const title = functions.length > 1 ? `, function ${each.name}` : '';
    if (own !== undefined) page.section(`Inputs and outputs${title}`, interfaceTable(own.inputs, own.outputs));
    const total = Object.values(each.operations).reduce((sum, times) => sum + times, 0);
    page.section(`Operations${title}: ${count(total)}`, operationsTable(each.operations));
    page.line(
      proofText(
        `Proof${title}: the package in float32, read back from its bytes, against the original`,
        each.proof,
        options,
      ),
    );
    errorSections(page, each, title);
  }
  if (warnings.length > 0) page.heading('Warnings');
  for (const warning of warnings) page.paragraph(warning, '  ', '- ');
  page.gap();
  page.paragraph(
    `Optimized in ${seconds(timings.optimizing)}, written in ${seconds(timings.writing)}, proven in ${seconds(timings.proving)}. Nothing here runs Core ML itself: open the package on a Mac before you ship it.`,
    '  ',
  );
  return page.toString();
}

function errorSections(page: TextPage, { error, inFloat }: ExportedFunction, title: string): void {
  if (error !== undefined) {
    page.section(`Error of what is written${title}, against the original`, {
      columns: [text('Output'), number('Max'), number('Mean'), number('Largest |value|')],
      rows: error.map(({ name, max, mean, scale }) => [
        printable(name),
        max.toExponential(1),
        mean.toExponential(1),
        scale.toPrecision(3),
      ]),
    });
  }
  if (inFloat.length === 0) return;
  const reasons = new Map<string, { operations: Set<string>; times: number }>();
  for (const { operation, reason } of inFloat) {
    const known = reasons.get(reason) ?? { operations: new Set<string>(), times: 0 };
    known.operations.add(operation);
    known.times += 1;
    reasons.set(reason, known);
  }
  page.section(`Operations that stay in float32${title}`, {
    columns: [number('Operations'), text('Which'), text('Why')],
    rows: Array.from(reasons, ([reason, { operations, times }]) => [count(times), [...operations].join(', '), reason]),
  });
}

function interfaceTable(inputs: readonly Feature[], outputs: readonly Feature[]): Table {
  const row =
    (side: string) =>
    (feature: Feature): string[] => [
      side,
      feature.name,
      feature.name === feature.onnxName ? '' : printable(feature.onnxName),
      feature.kind === 'classes'
        ? `probabilities of ${feature.shape.at(-1) ?? '?'} classes, beside classLabel`
        : feature.kind === 'image'
          ? `picture, ${feature.colours ?? ''}, ${feature.shape[3] ?? '?'} x ${feature.shape[2] ?? '?'}`
          : `${feature.type} [${feature.shape.join(', ')}]`,
    ];
  return {
    columns: [text(''), text('Name'), text('In ONNX'), text('Type')],
    rows: [...inputs.map(row('in')), ...outputs.map(row('out'))],
  };
}

function operationsTable(operations: Readonly<Record<string, number>>): Table {
  return {
    columns: [number('Times'), text('Operation')],
    rows: Object.entries(operations).map(([name, times]) => [count(times), name]),
  };
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function text(title: string): Table['columns'][number] {
  return { title, isNumber: false };
}

function number(title: string): Table['columns'][number] {
  return { title, isNumber: true };
}
