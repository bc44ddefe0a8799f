import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Patience } from '../../src/processes/patience.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('patience', () => {
  it('is spent once when the time has gone by, and not when it was ended or begun anew before', () => {
    const spent = vi.fn();
    const patience = new Patience();
    patience.begin(3000, spent);
    vi.advanceTimersByTime(2999);
    patience.begin(3000, spent);
    vi.advanceTimersByTime(2999);
    expect(spent).not.toHaveBeenCalled();
    vi.advanceTimersByTime(5000);
    expect(spent).toHaveBeenCalledTimes(1);
    patience.begin(3000, spent);
    patience.end();
    vi.advanceTimersByTime(5000);
    expect(spent).toHaveBeenCalledTimes(1);
  });
});
