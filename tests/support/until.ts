/** Waits for a condition, not for a time; fails after `mostMs` with what was waited for. */
export async function until(condition: () => unknown, mostMs = 45_000): Promise<void> {
  const end = Date.now() + mostMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${mostMs} ms in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
