import type { Impact } from 'onnx-lens';

/** `12.3 ms`, `1.23 s`: three significant digits or so. */
export function ms(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`;
  if (value > 0 && value < 0.005) return '<0.01 ms';
  return value === 0 ? '0 ms' : `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

/** `45.6 MB` (10^6 bytes). */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  if (value >= 1000) return `${grouped(Math.round(value))} MB`;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} MB`;
}

/** A share of 0 to 1 as `12.3 %`. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return '<0.1 %';
  return share === 0 ? '0 %' : `${(share * 100).toFixed(1)} %`;
}

/** A part of the time that is saved: `12.3 %`; `none: 3.0 % slower` where it costs time. */
export function gain(share: number): string {
  return share <= -0.0005 ? `none: ${percent(-share)} slower` : percent(Math.max(0, share));
}

/** The rest of a coverage in percent, so that the two that are read beside each other make 100. */
export function restOfCoverage(coverage: number): string {
  return `${(100 - Number(coverage.toFixed(1))).toFixed(1)} %`;
}

/** `HIGH overhead`, `no overhead`. */
export function overhead(impact: Impact): string {
  return `${impact === 'NONE' ? 'no' : impact} overhead`;
}

const PROVIDER_TITLES: Readonly<Record<string, string>> = {
  cpu: 'the CPU',
  coreml: 'Core ML',
  cuda: 'CUDA',
  directml: 'DirectML',
  webgpu: 'WebGPU',
};

/** What `--provider` calls it, as a sentence does: `the CPU`. */
export function providerInWords(provider: string): string {
  return PROVIDER_TITLES[provider] ?? provider;
}

/** `1 partition`, `3 partitions`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A whole number as `12,345`. (Before `toLocaleString` writes its first, it has read a language for 20 ms.) */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
