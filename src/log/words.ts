import type { LogTexts, Severity } from './entry.ts';

/*
 * What the server's own texts are called in the languages that it is translated into: German, Spanish, French, Italian,
 * Japanese, Georgian, Korean, Russian, Swedish, Ukrainian, Chinese (from the catalogs of PostgreSQL 15), Brazilian Portuguese.
 * lc_messages may be set by role and database: one log may speak several.
 */

/** Before the two blanks. Georgian has one word for NOTICE and WARNING: it is taken for the worse. */
const WORDS: Readonly<Record<Severity, readonly string[]>> = {
  debug: ['DEBUG', 'გამართვა', '디버그', 'ОТЛАДКА', 'НАЛАГОДЖЕННЯ', '调试', 'DEPURAÇÃO'],
  log: ['LOG', 'ჟურნალი', '로그', 'СООБЩЕНИЕ', 'LOGG', 'ЗАПИСУВАННЯ', '日志'],
  info: ['INFO', 'ინფორმაცია', '정보', 'ИНФОРМАЦИЯ', 'ІНФОРМАЦІЯ', '信息'],
  notice: ['NOTICE', 'HINWEIS', 'NOTIFICA', '알림', 'ЗАМЕЧАНИЕ', 'NOTIS', 'ПОВІДОМЛЕННЯ', '注意', 'NOTA'],
  warning: [
    'WARNING',
    'WARNUNG',
    'ATTENTION',
    'ATTENZIONE',
    'გაფრთხილება',
    '경고',
    'ПРЕДУПРЕЖДЕНИЕ',
    'VARNING',
    'ПОПЕРЕДЖЕННЯ',
    '警告',
    'AVISO',
  ],
  error: [
    'ERROR',
    'FEHLER',
    'ERREUR',
    'ERRORE',
    'შეცდომა',
    '오류',
    'ОШИБКА',
    'FEL',
    'ПОМИЛКА',
    '错误',
    'ERRO',
  ],
  fatal: ['FATAL', 'FATALE', 'ფატალური', '치명적오류', 'ВАЖНО', 'FATALT', 'ФАТАЛЬНО', '致命错误'],
  panic: [
    'PANIC',
    'PANIK',
    'PANICO',
    'პანიკა',
    '손상',
    'ПАНИКА',
    'ПАНІКА',
    '比致命错误还过分的错误',
    'PÂNICO',
  ],
};

/** With the blanks after them. What says where in the server's source it was (log_error_verbosity = verbose) is left out. */
const LABELS: Readonly<Record<Exclude<keyof LogTexts, 'message'> | 'location', readonly string[]>> = {
  detail: [
    'DETAIL:  ',
    'DETALLE:  ',
    'DÉTAIL:  ',
    'DETTAGLI:  ',
    '詳細:  ',
    'დეტალები:  ',
    '상세정보:  ',
    'ПОДРОБНОСТИ:  ',
    'DETALJ:  ',
    'ВІДОМОСТІ:  ',
    '详细信息:  ',
    'DETALHE:  ',
  ],
  hint: [
    'HINT:  ',
    'TIPP:  ',
    'ASTUCE :  ',
    'SUGGERIMENTO:  ',
    'ヒント:  ',
    'მინიშნება:  ',
    '힌트:  ',
    'ПОДСКАЗКА:  ',
    'TIPS:  ',
    'УКАЗІВКА:  ',
    '提示:  ',
    'DICA:  ',
  ],
  internal_query: [
    'QUERY:  ',
    'ANFRAGE:  ',
    'CONSULTA:  ',
    'REQUÊTE :  ',
    '問い合わせ:  ',
    'მოთხოვნა:  ',
    '쿼리:',
    'ЗАПРОС:  ',
    'FRÅGA:  ',
    'ЗАПИТ:  ',
    '查询:  ',
  ],
  context: [
    'CONTEXT:  ',
    'ZUSAMMENHANG:  ',
    'CONTEXTO:  ',
    'CONTEXTE :  ',
    'CONTESTO:  ',
    '文脈:  ',
    'კონტექსტი:  ',
    '내용:  ',
    'КОНТЕКСТ:  ',
    'KONTEXT:  ',
    '上下文:  ',
  ],
  statement: [
    'STATEMENT:  ',
    'ANWEISUNG:  ',
    'SENTENCIA:  ',
    'INSTRUCTION :  ',
    'ISTRUZIONE:  ',
    '文:  ',
    'ოპერატორი:  ',
    '명령 구문:  ',
    'ОПЕРАТОР:  ',
    'SATS:  ',
    'ІНСТРУКЦІЯ:  ',
    '语句:  ',
    'COMANDO:  ',
  ],
  backtrace: [
    'BACKTRACE:  ',
    "PILE D'APPEL : ",
    'バックトレース:  ',
    'სტეკი:  ',
    '역추적:  ',
    'СТЕК:  ',
    'ВІДСТЕЖУВАТИ:  ',
  ],
  location: [
    'LOCATION:  ',
    'ORT:  ',
    'UBICACIÓN:  ',
    'EMPLACEMENT :  ',
    'POSIZIONE:  ',
    '場所:  ',
    'მდებარეობა:   ',
    '위치: ',
    'ПОЛОЖЕНИЕ: ',
    'PLATS:  ',
    'РОЗТАШУВАННЯ:  ',
    '位置:  ',
    'LOCAL:  ',
  ],
};

export type Label = keyof typeof LABELS;

/** What a severity is called, in any language; undefined for a word that is none. */
export const SEVERITY_OF: ReadonlyMap<string, Severity> = new Map(
  Object.entries(WORDS).flatMap(([severity, words]) => words.map((word) => [word, severity as Severity])),
);

/** What begins a line that belongs to the message before it. */
export const LABEL_OF: ReadonlyMap<string, Label> = new Map(
  Object.entries(LABELS).flatMap(([label, words]) => words.map((word) => [word, label as Label])),
);
