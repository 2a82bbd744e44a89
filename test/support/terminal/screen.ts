import { Writable } from 'node:stream';
import xterm from '@xterm/headless';

/** A terminal without a window: a program writes into it as into `process.stdout`, and a test reads what is seen. */
export class TestScreen extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** Everything that was written. */
  written = '';
  readonly #terminal: xterm.Terminal;
  #drawn: Promise<void> = Promise.resolve();

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
    this.#terminal = new xterm.Terminal({
      cols: columns,
      rows,
      allowProposedApi: true,
      // as the driver of a terminal does
      convertEol: true,
      scrollback: 1000,
    });
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    const text = chunk.toString();
    this.written += text;
    this.#drawn = new Promise((resolve) => this.#terminal.write(text, resolve));
    done();
  }

  /** The visible rows, without blanks at their ends. */
  async lines(): Promise<string[]> {
    await this.#drawn;
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: this.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
    );
  }

  async text(): Promise<string> {
    return (await this.lines()).join('\n');
  }

  /** What has been written since the last call. */
  taken(): string {
    const text = this.written;
    this.written = '';
    return text;
  }

  /** Every cell with its look, by place. */
  async cells(): Promise<Map<string, string>> {
    await this.#drawn;
    const { active } = this.#terminal.buffer;
    const cells = new Map<string, string>();
    for (let y = 0; y < this.rows; y++)
      for (let x = 0; x < this.columns; x++) {
        const cell = active.getLine(active.baseY + y)?.getCell(x);
        const look = cell && [
          ...[cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(), cell.getBgColor()],
          ...[cell.isBold(), cell.isDim(), cell.isItalic(), cell.isUnderline()],
          ...[cell.isInverse(), cell.isStrikethrough()],
        ];
        cells.set(`row ${y} column ${x}`, `${cell?.getChars() || ' '.repeat(cell?.getWidth() ?? 0)} ${look}`);
      }
    return cells;
  }

  /** Rows that were pushed off the top: none, as long as no frame is taller than the terminal. */
  async scrolledOff(): Promise<number> {
    await this.#drawn;
    return this.#terminal.buffer.active.baseY;
  }

  /** Which rows have a cell with a colour of its own. */
  async colouredRows(): Promise<number[]> {
    await this.#drawn;
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.rows }, (_, row) => row).filter((row) => {
      const line = active.getLine(active.baseY + row);
      return Array.from({ length: this.columns }, (_, x) => line?.getCell(x)).some(
        (cell) => cell && !(cell.isFgDefault() && cell.isBgDefault()),
      );
    });
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.#terminal.resize(columns, rows);
    this.emit('resize');
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#terminal.dispose();
    done(error);
  }
}
