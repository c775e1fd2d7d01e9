// C0/C1 controls, DEL, bidi marks and isolates, zero-width characters, BOM, interlinear and tag characters.
// ZWJ (U+200D) and variation selectors stay: emoji need them and they move no cursor.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const ESCAPE_SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what we look for
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|[ -/]*[0-~])|\u009b[0-?]*[ -/]*[@-~]/g;

/**
 * Text that may be drawn: escape sequences, control, bidi and zero-width characters are gone, tabs are spaces,
 * "\r\n" and "\r" are "\n". Everything from models, documents and logs goes through here before a frame or a
 * terminal sees it. It never changes what is stored.
 */
export function sanitize(text: string): string {
  return text.replace(ESCAPE_SEQUENCE, '').replace(/\r\n?/g, '\n').replace(/\t/g, '  ').replace(UNSAFE, '');
}

/** `sanitize` for one row: newlines become a space. */
export function sanitizeLine(text: string): string {
  return sanitize(text).replace(/\n+/g, ' ');
}
