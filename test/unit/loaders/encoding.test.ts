import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { decodePieces, decodeText, detectEncoding } from '../../../src/kb/loaders/encoding.ts';
import { load, refusal } from './helpers.ts';

const CHINESE =
  '望山天文台建于一九八六年，海拔二千一百米。每逢周五晚上，天文台向公众开放，讲解员会介绍当季的星座。\n如遇阴雨，观测改为室内讲座。';
const JAPANESE =
  '天文台は山の上にあります。毎週金曜日の夜に一般公開を行い、望遠鏡で星を見ることができます。雨の日は講演会です。';
const KOREAN =
  '천문대는 산 위에 있습니다. 매주 금요일 저녁에 일반인에게 공개하며 망원경으로 별을 볼 수 있습니다. 비가 오면 강연을 합니다.';
const RUSSIAN =
  'Обсерватория стоит на горе. Каждую пятницу вечером она открыта для посетителей, и все могут посмотреть на звёзды.';
const FRENCH =
  "L'observatoire est ouvert chaque vendredi soir. Les élèves peuvent découvrir les étoiles à travers le télescope, même en hiver.";

/** The bytes as another program (iconv of the C library) makes them. */
function iconv(text: string, charset: string): Buffer {
  return execFileSync('iconv', ['-f', 'UTF-8', '-t', charset], { input: text });
}

describe('encodings, bytes made by iconv', () => {
  test.each([
    ['UTF-8', 'utf-8', CHINESE],
    ['GB18030', 'gb18030', CHINESE],
    ['GBK', 'gb18030', '龙井绿茶'],
    ['BIG5', 'big5', '天文臺建於山上，每逢星期五晚上向公眾開放，講解員會介紹當季的星座，歡迎參觀。'],
    ['SHIFT_JIS', 'shift_jis', JAPANESE],
    ['EUC-JP', 'euc-jp', JAPANESE],
    ['EUC-KR', 'euc-kr', KOREAN],
    ['WINDOWS-1251', 'windows-1251', RUSSIAN],
    ['KOI8-R', 'koi8-r', RUSSIAN],
    ['ISO-8859-1', 'windows-1252', FRENCH],
    ['UTF-16LE', 'utf-16le', CHINESE],
    ['UTF-16BE', 'utf-16be', CHINESE],
    ['UTF-16LE', 'utf-16le', 'Plain English, without any mark at the start.'],
    ['UTF-16BE', 'utf-16be', 'Plain English, without any mark at the start.'],
    ['UTF-16', 'utf-16le', FRENCH],
    ['ASCII', 'utf-8', 'Bush hid the facts'],
  ])('%s is read as %s', (charset, label, text) => {
    const bytes = iconv(text, charset);
    const encoding = detectEncoding(bytes);
    expect(encoding.label).toBe(label);
    expect(decodeText(bytes, encoding)).toBe(text);
    // Pieces of 7 bytes part every kind of character.
    expect([...decodePieces(bytes, encoding, 7)].join('')).toBe(text);
  });

  test('GB18030 with its four-byte characters', () => {
    const text = `${CHINESE}𠮷ㇰ`;
    expect(decodeText(iconv(text, 'GB18030'))).toBe(text);
  });

  test('a UTF-8 mark is left out', () => {
    expect(decodeText(Buffer.from('\ufefftext'))).toBe('text');
  });

  test('one wrong byte in UTF-8 does not turn the rest to nonsense silently', async () => {
    const [document] = await load(
      'bad.txt',
      Buffer.concat([Buffer.from('caf'), Buffer.from([0xe9]), Buffer.from(' noir')]),
    );
    expect(document?.text).toBe('café noir');
    expect(document?.metadata['encoding']).toBe('windows-1252');
  });
});

describe('what is no text', () => {
  test.each([
    ['png.txt', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), /^unsupported: It is a PNG image, not text\./],
    ['pdf.txt', Buffer.from('%PDF-1.4 xxxxx'), /^unsupported: It is a PDF document, not text\./],
    ['elf.txt', Buffer.from('7f454c4602010100', 'hex'), /^unsupported: It is a program \(ELF\), not text\./],
    ['nul.txt', Buffer.from('some text\0and more text'), /^unsupported: It holds NUL bytes \(the first at byte 9\)/],
    ['noise.txt', Buffer.from(Array.from({ length: 999 }, (_, i) => 1 + ((i * 37) % 255))), /control characters/],
    ['utf32.txt', Buffer.from('fffe000041000000', 'hex'), /^unsupported: It is UTF-32 text/],
    ['half.txt', Buffer.from('fffe41004200ff', 'hex'), /^corrupt: It begins with a utf-16le byte-order mark/],
    ['empty.txt', Buffer.alloc(0), /^invalid: The file is empty\./],
    ['blank.txt', Buffer.from(' \n\t\u3000\n'), /^invalid: There is no text in it, only white space\./],
    ['blank.md', Buffer.from('\ufeff\n'), /^invalid: There is no text in it, only white space\./],
  ])('%s', async (name, bytes, line) => {
    expect(await refusal(load(name, bytes))).toMatch(line);
  });

  test('sentences that begin like a format are text', async () => {
    expect((await load('id3.txt', 'ID3 tags are kept in music files.'))[0]?.text).toContain('ID3 tags');
    expect((await load('bz.txt', 'BZhang wrote this.'))[0]?.text).toContain('BZhang');
  });
});
