import type { ReactNode } from 'react';
import { formatNumber } from '../i18n/messages.js';

/** A table of text and numbers that scrolls by itself when it is wider than the page. */
export function DataTable({
  columns,
  rows,
  label,
}: {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  readonly label: string;
}): ReactNode {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column, place) => (
              <th key={place} scope="col">
                {column.replaceAll('_', ' ')}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, place) => (
                <td key={place} className={typeof cell === 'number' ? 'number' : undefined}>
                  {typeof cell === 'number' ? formatNumber(cell, Number.isInteger(cell) ? 0 : 3) : (cell ?? '')}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
