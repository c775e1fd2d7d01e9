import { stepNow } from '../tour/steps.ts';
import { TOUR_STEPS, type TourRecord } from '../tour/types.ts';
import { t } from '../ui/i18n/index.ts';
import { type Line, textWidth } from '../ui/text.ts';
import { wrapRows } from '../ui/wrap.ts';

/** What is pressed takes no more rows than this. */
const MOST_ROWS = 2;
/** Below this height the screens need every row: one must do. */
const LOW = 24;

/** The rows of the tour below the screen: which step, and what to press. None while it is off. Pure. */
export function tourStrip(record: TourRecord, columns: number, rows: number): Line[] {
  const step = record.state === 'on' ? stepNow(record) : null;
  if (!step) return [];
  const number = t('tour.strip', { number: TOUR_STEPS.indexOf(step) + 1 });
  const lead = ` ${number} `;
  const text = `${t(`tour.${step}.title`)} – ${t(`tour.${step}.press`)}`;
  const pad = ' '.repeat(textWidth(lead) + 1);
  const all = wrapRows(text, columns - pad.length - 2);
  const most = rows < LOW ? 1 : MOST_ROWS;
  return all.slice(0, most).map((row, index): Line => {
    const cut = index === most - 1 && all.length > most ? '…' : '';
    return [
      { text: index === 0 ? lead : ' '.repeat(textWidth(lead)), style: 'accent', bold: true },
      { text: ` ${row}${cut}` },
    ];
  });
}
