import { escapeMarkup } from '../../platform/markup.ts';
import { sanitize } from '../../platform/sanitize.ts';

/** Text of models and data as it may stand in HTML or XML. */
export const escaped = (text: string): string => escapeMarkup(sanitize(text));
