import { closeSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import type { StringStringEntryProto } from '../model/generated/onnx_pb.js';
import { isExternal, tensorsOf } from '../model/parse.js';
import { loadModel } from '../model/load.js';
import { saveModel } from '../model/save.js';

/** The widest vectors that kernels load at once, in bytes. */
const VECTOR_BYTES = 64;
/** What ONNX Runtime has put on the start of a page, as it does with large weights, stays on one. */
const PAGE_BYTES = 65_536;

/** A piece of the file, and where its place is written down. */
interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly moveTo: (offset: number) => void;
}

/**
 * Moves every piece of a weight file that ONNX Runtime has written to a multiple of 64 bytes. It puts the pieces one
 * right behind the other and maps the file into memory, but its kernels count on memory that it has allocated: its
 * matrix product of packed weights crashes where they lie elsewhere, and convolutions take longer.
 *
 * @param modelPath the model, whose tensors name places of the file; written again when a piece was moved.
 */
export function alignWeights(modelPath: string, weightsPath: string): void {
  const model = loadModel(modelPath);
  const pieces = [...tensorsOf(model)].filter(isExternal).flatMap(({ externalData }) => piecesOf(externalData));
  if (pieces.every(({ offset }) => offset % VECTOR_BYTES === 0)) return;
  const aligned = `${weightsPath}.aligned`;
  copyPieces(
    pieces.sort((a, b) => a.offset - b.offset),
    weightsPath,
    aligned,
  );
  renameSync(aligned, weightsPath);
  saveModel(model, modelPath);
}

/**
 * The tensor itself, and its forms for kernels: entries `prepacked_1` and so on, `kernel|offset;length;checksum|...`.
 */
function piecesOf(entries: readonly StringStringEntryProto[]): Piece[] {
  return entries.flatMap((entry) => {
    if (entry.key === 'offset') {
      const length = Number(entries.find(({ key }) => key === 'length')?.value);
      return [{ offset: Number(entry.value), length, moveTo: (offset: number) => (entry.value = String(offset)) }];
    }
    if (!entry.key.startsWith('prepacked')) return [];
    const [kernel = [], ...blobs] = entry.value.split('|').map((part) => part.split(';'));
    return blobs.map((blob) => ({
      offset: Number(blob[0]),
      length: Number(blob[1]),
      moveTo: (offset: number) => {
        blob[0] = String(offset);
        entry.value = [kernel, ...blobs].map((part) => part.join(';')).join('|');
      },
    }));
  });
}

function copyPieces(pieces: readonly Piece[], from: string, to: string): void {
  const buffer = Buffer.alloc(1 << 20);
  const [source, target] = [openSync(from, 'r'), openSync(to, 'w')];
  try {
    let end = 0;
    for (const { offset, length, moveTo } of pieces) {
      const step = offset % PAGE_BYTES === 0 ? PAGE_BYTES : VECTOR_BYTES;
      const start = Math.ceil(end / step) * step;
      for (let done = 0; done < length;) {
        const read = readSync(source, buffer, 0, Math.min(buffer.length, length - done), offset + done);
        if (read === 0) throw new Error(`the weights end before byte ${offset + length}`);
        for (let written = 0; written < read;)
          written += writeSync(target, buffer, written, read - written, start + done + written);
        done += read;
      }
      moveTo(start);
      end = start + length;
    }
  } finally {
    closeSync(source);
    closeSync(target);
  }
}
