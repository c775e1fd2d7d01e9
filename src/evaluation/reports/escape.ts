import { sanitize } from '../../platform/sanitize.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in HTML or XML, within an element or an attribute. */
export const escaped = (text: string): string => sanitize(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
