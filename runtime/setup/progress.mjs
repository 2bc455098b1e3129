const quietMs = 3_000;

/**
 * What a person sees while Hearthbeat prepares itself: a line per step, on standard error, so that standard output stays
 * free for what was asked for. Plain JavaScript, because it is needed before Node 24 is there.
 */
export function createProgress(stream = process.stderr) {
  const lively = stream.isTTY === true && !process.env.CI;
  const paint = (code, text) => (lively && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text);

  return {
    async step(words, run) {
      const startedAt = performance.now();
      const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
      const frames = ['⠋', '⠙', '⠸', '⠴', '⠦', '⠇'];
      let frame = 0;
      const draw = () => stream.write(`\r\x1b[K${frames[frame++ % frames.length]} ${words} … ${seconds()}`);
      // where nothing can be drawn over, a step that takes long says once what it is
      const spinner = lively ? setInterval(draw, 120) : setTimeout(() => stream.write(`… ${words}\n`), quietMs);
      try {
        const result = await run();
        clearInterval(spinner);
        stream.write(`${lively ? '\r\x1b[K' : ''}${paint(32, '✓')} ${words} ${paint(2, `(${seconds()})`)}\n`);
        return result;
      } catch (fault) {
        clearInterval(spinner);
        stream.write(`${lively ? '\r\x1b[K' : ''}${paint(31, '✗')} ${words} (${seconds()})\n`);
        throw fault;
      }
    },
    say(line) {
      stream.write(`${line}\n`);
    },
    warn(lines) {
      const width = Math.max(...lines.map((line) => line.length));
      const edge = '━'.repeat(width + 2);
      const framed = [`┏${edge}┓`, ...lines.map((line) => `┃ ${line.padEnd(width)} ┃`), `┗${edge}┛`];
      for (const line of framed) stream.write(`${paint(33, line)}\n`);
    },
    fail(sentence) {
      stream.write(`\n${paint(31, sentence)}\n`);
    },
  };
}
