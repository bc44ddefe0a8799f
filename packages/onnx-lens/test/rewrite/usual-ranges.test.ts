import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/model/builder.js';
import { TensorProto_DataType as DataType } from '../../src/model/generated/onnx_pb.js';
import { usualRanges } from '../../src/rewrite/usual-ranges.js';

function modelOf(
  dims: readonly (number | string)[],
  operator: string,
  value: number,
): ReturnType<GraphBuilder['toModel']> {
  const graph = new GraphBuilder('ranges');
  const x = graph.input('x', DataType.FLOAT, dims);
  const y = graph.node(operator, [x, graph.floats([1], [value])], {}, { outputs: ['y'] });
  graph.output(y, DataType.FLOAT, dims);
  return graph.toModel({ opset: 17 });
}

const picture = ['batch', 3, 'height', 'width'];

describe('usual ranges of inputs', () => {
  it('gives normalised pictures three ranges', () => {
    expect(usualRanges(modelOf(picture, 'Mul', 2)).get('x')).toEqual([
      { min: 0, max: 1 },
      { min: -1, max: 1 },
      { min: -2.5, max: 2.5 },
    ]);
  });

  it.each([
    ['Sub', 127.5],
    ['Div', 255],
    ['Mul', 1 / 255],
  ])('gives pixels from 0 to 255 where the graph begins with %s of %d', (operator, value) => {
    expect(usualRanges(modelOf(picture, operator, value)).get('x')).toEqual([{ min: 0, max: 255 }]);
  });

  it('takes channels on the last axis for a picture too', () => {
    expect(usualRanges(modelOf(['batch', 64, 64, 3], 'Mul', 2)).has('x')).toBe(true);
  });

  it('says nothing of inputs that are no picture', () => {
    expect(usualRanges(modelOf(['batch', 80], 'Mul', 2)).size).toBe(0);
    expect(usualRanges(modelOf(['batch', 7, 20, 20], 'Mul', 2)).size).toBe(0);
  });
});
