import type { Calibration } from '../../evaluation/judge/calibrate.ts';
import { calibrationLines } from '../../evaluation/judge/calibration-text.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { noteText, t } from '../../ui/i18n/index.ts';
import { textWidth } from '../../ui/text.ts';

/** How judges agree with one's votes, in the language of the screen. */
export const calibrationText = (calibrations: readonly Calibration[]): string =>
  sanitize(
    calibrationLines(calibrations, {
      say: (notes) => notes.map(noteText).join(' '),
      corner: t('evaluate.calibration.corner'),
      tie: t('evaluate.calibration.tie'),
      width: textWidth,
    }).join('\n'),
  );
