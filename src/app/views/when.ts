/** `11-20 16:14`, in local time. */
export function whenText(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(date.getMonth() + 1)}-${two(date.getDate())} ${date.toTimeString().slice(0, 5)}`;
}
