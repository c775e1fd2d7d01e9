/** The same keys with other words: what a translation must be. */
export type Texts<English extends Readonly<Record<string, string>>> = Readonly<Record<keyof English, string>>;

export type Language = 'en' | 'zh';

/** Title and help of an action in another language, by action id. */
export type ActionTexts = Readonly<Record<string, readonly [title: string, help: string]>>;
