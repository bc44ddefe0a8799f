import type { OrtVersion } from '../providers/target.js';
import type { Judge, Judged } from './judge.js';
import type { AnyRewrite } from './rewrite.js';

/** True when the whole is better with a rewrite; one that rounds otherwise must place more, not only be cheaper. */
export function isWorthKeeping({ rounds }: AnyRewrite, without: Judged, together: Judged, judge: Judge): boolean {
  const placesMore = judge.releases.some((ort) => {
    const [less, more] = [judge.summary(without, ort), judge.summary(together, ort)];
    return more.partitions < less.partitions || more.onCpu < less.onCpu;
  });
  return judge.cost(together) < judge.cost(without) && (rounds !== true || placesMore);
}

/** Why a rewrite was dropped, in words. */
export function lossOf(rewrite: AnyRewrite, without: Judged, together: Judged, judge: Judge, ort: OrtVersion): string {
  const [cost, costTogether] = [judge.cost(without), judge.cost(together)];
  if (costTogether < cost && rewrite.rounds === true)
    return 'rounds otherwise, and places no more nodes: the whole is as well placed without it';
  if (cost === costTogether) return 'brings nothing: the whole is as good without it';
  const figures = (judged: Judged): string => {
    const { partitions, onCpu, nodes } = judge.summary(judged, ort);
    return `${partitions === 1 ? '1 partition' : `${partitions} partitions`}, ${onCpu} of ${nodes} nodes on the CPU`;
  };
  return `costs more than it brings: ${figures(without)} without it, ${figures(together)} with it`;
}
