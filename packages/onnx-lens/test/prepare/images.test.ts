import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataType, GraphBuilder, readCalibration, type ModelProto } from '../../src/index.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onnx-lens-images-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function network(shape: readonly (number | string)[]): ModelProto {
  const graph = new GraphBuilder('network');
  graph.node('Relu', [graph.input('image', DataType.FLOAT, shape)], {}, { outputs: ['y'] });
  graph.output('y', DataType.FLOAT, shape);
  return graph.toModel({ opset: 17 });
}

/** Two pixels beside each other, one over the other twice: red and blue. */
const redAndBlue = Uint8Array.from([255, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255]);

function folderWith(name: string, bytes: Uint8Array): string {
  const own = mkdtempSync(join(folder, 'case-'));
  writeFileSync(join(own, name), bytes);
  return own;
}

const first = (source: string, model: ModelProto, ...rest: readonly Parameters<typeof readCalibration>[2][]) =>
  readCalibration(source, model, ...rest)[0]!.get('image')!;

describe('pictures for calibration', () => {
  it('come in the layout of the input, from 0 to 1 where nothing else is said', () => {
    const source = folderWith('a.png', encodePng({ width: 2, height: 2, channels: 3, data: redAndBlue }));
    expect(first(source, network(['batch', 3, 2, 2]))).toEqual({
      dataType: DataType.FLOAT,
      dims: [1, 3, 2, 2],
      data: Float32Array.from([1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1]),
    });
    expect(first(source, network([1, 2, 2, 3])).data).toEqual(Float32Array.from(redAndBlue, (value) => value / 255));
    expect(first(source, network(['batch', 3, 'height', 'width'])).dims).toEqual([1, 3, 2, 2]);
  });

  it('are prepared as told: order, mean and standard deviation of each channel', () => {
    const source = folderWith('a.png', encodePng({ width: 2, height: 2, channels: 3, data: redAndBlue }));
    const { data } = first(source, network([1, 2, 2, 3]), { order: 'bgr', mean: [10, 20, 30], std: [1, 2, 4] });
    expect([...data.slice(0, 6)]).toEqual([-10, -10, 56.25, 245, -10, -7.5].map(Number));
  });

  it('are stretched to the size of the input: means where they shrink', () => {
    const source = folderWith('a.png', encodePng({ width: 2, height: 2, channels: 3, data: redAndBlue }));
    expect([...first(source, network([1, 1, 1, 3]), { std: [1] }).data]).toEqual([127.5, 0, 127.5]);
  });

  it('may be grey, 16 bits deep, see-through, or JPEG', () => {
    const grey = folderWith(
      'a.png',
      encodePng({ width: 1, height: 1, channels: 1, depth: 16, data: Uint16Array.of(0x8000) }),
    );
    expect([...first(grey, network([1, 1, 1, 3]), { std: [1] }).data]).toEqual([128, 128, 128]);
    const glass = folderWith('a.png', encodePng({ width: 1, height: 1, channels: 4, data: Uint8Array.of(1, 2, 3, 4) }));
    expect([...first(glass, network([1, 1, 1, 3]), { std: [1] }).data]).toEqual([1, 2, 3]);
    const pixels = Uint8Array.from({ length: 8 * 8 * 4 }, (_, at) => (at % 4 === 3 ? 255 : 100 + 10 * (at % 4)));
    const jpeg = folderWith('a.jpg', encodeJpeg({ width: 8, height: 8, data: pixels }, 100).data);
    const [red = 0, green = 0, blue = 0] = first(jpeg, network([1, 8, 8, 3]), { std: [1] }).data as Float32Array;
    expect([red, green, blue].map((value, channel) => Math.abs(value - 100 - 10 * channel) <= 3)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('that are none, too large, or for another kind of input are refused in a sentence', () => {
    expect(() => readCalibration(folderWith('a.png', Uint8Array.of(1, 2, 3)), network([1, 3, 2, 2]))).toThrow(
      expect.objectContaining({ code: 'FILE_UNREADABLE' }),
    );
    const bomb = encodePng({ width: 2, height: 2, channels: 3, data: redAndBlue });
    new DataView(bomb.buffer, bomb.byteOffset).setUint32(16, 0x7fffffff);
    expect(() => readCalibration(folderWith('a.png', bomb), network([1, 3, 2, 2]))).toThrow(/megapixels/);
    const source = folderWith('a.png', encodePng({ width: 2, height: 2, channels: 3, data: redAndBlue }));
    expect(() => readCalibration(source, network([1, 17]))).toThrow(/takes no picture/);
    expect(() => readCalibration(folderWith('a.txt', Uint8Array.of(1)), network([1, 3, 2, 2]))).toThrow(/has no .png/);
  });
});
