/** Text in columns, as a terminal shows it: a Chinese character takes two. */

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const graphemes = new Intl.Segmenter();

export const widthOf = (text: string): number =>
  [...graphemes.segment(text)].reduce((sum, { segment }) => sum + (wide.test(segment) ? 2 : 1), 0);

/** At most so wide; an ellipsis stands where something was cut. */
export function cut(text: string, most: number): string {
  // what a gateway says of itself must not steer the terminal it is shown on
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
  if (widthOf(plain) <= most) return plain;
  let kept = '';
  for (const { segment } of graphemes.segment(plain)) {
    if (widthOf(kept) + widthOf(segment) > most - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Each cell in its column, one blank apart at least; nothing behind the last. */
export const columns = (cells: readonly string[], widths: readonly number[]): string =>
  cells
    .map((cell, at) => {
      const width = widths[at] ?? 0;
      const text = cut(cell, width - 1);
      return text + ' '.repeat(width - widthOf(text));
    })
    .join('')
    .trimEnd();
