import { describe, expect, it } from 'vitest';
import { unfitness, type BrowserFeatures } from '../src/support/requirements.js';

const FIT: BrowserFeatures = {
  isSecure: true,
  hasWebCodecs: true,
  hasSimd: true,
  hasStorage: true,
  hasServiceWorker: true,
  memory: 8,
};

describe('what a browser lacks', () => {
  it.each([
    ['isSecure', false, 'https'],
    ['hasWebCodecs', false, 'WebCodecs'],
    ['hasSimd', false, 'SIMD'],
    ['hasStorage', false, 'storage'],
    ['hasServiceWorker', false, 'service workers'],
    ['memory', 0.5, 'memory'],
  ])('is said in one sentence that names it: %s', (name, value, word) => {
    const error = unfitness({ ...FIT, [name]: value });
    expect(error?.code).toBe('BROWSER_UNFIT');
    expect(error?.message).toContain(word);
    expect(error?.message).toMatch(/^[^.]+(\.\w[^.]*)*\.$/);
  });

  it('is nothing where all is there, and where the memory is not told', () => {
    expect(unfitness(FIT)).toBeNull();
    expect(unfitness({ ...FIT, memory: null })).toBeNull();
  });
});
