import type { Hit } from '../../kb/types.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { documentName, scoreText } from '../hits.ts';
import { rankChange, rankMark } from './differences.ts';

/**
 * Passages one below the other, each under its rank, how it moved against column 1, document and score; then those of
 * column 1 that are missing. Pure.
 */
export function passagesText(hits: readonly Hit[], base: readonly Hit[] | undefined, isFirst: boolean): string {
  const against = isFirst ? undefined : base;
  const own = hits.map((hit) => {
    const mark = against ? ` ${rankMark(rankChange(hit, against))}` : '';
    return `── ${hit.rank}${mark} · ${documentName(hit)} · ${scoreText(hit)}\n${sanitize(hit.text).trim()}`;
  });
  const gone = (against ?? []).filter((hit) => !hits.some(({ chunkId }) => chunkId === hit.chunkId));
  const missing = gone.map((hit) => `− ${t('compare.missing', { rank: hit.rank, document: documentName(hit) })}`);
  return [...own, ...(missing.length > 0 ? [missing.join('\n')] : [])].join('\n\n');
}
