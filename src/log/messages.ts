/**
 * First lines of messages that are told apart where no SQLSTATE says what they are, or one SQLSTATE stands for several
 * (57014), in the languages of {@link file://./words.ts}.
 */
export const MESSAGES = {
  statementTimeout: [
    'canceling statement due to statement timeout',
    'storniere Anfrage wegen Zeitüberschreitung der Anfrage',
    'cancelando la sentencia debido a que se agotó el tiempo de espera de sentencias',
    "annulation de la requête à cause du délai écoulé pour l'exécution de l'instruction",
    "annullamento dell'istruzione a causa di timeout",
    'ステートメントのタイムアウトのためステートメントをキャンセルしています',
    '명령실행시간 초과로 작업을 취소합니다.',
    'выполнение оператора отменено из-за тайм-аута',
    'avbryter sats på grund av sats-timeout',
    'виконання оператора скасовано через тайм-аут',
    '由于语句执行超时，正在取消查询命令',
  ],
  userCancel: [
    'canceling statement due to user request',
    'storniere Anfrage wegen Benutzeraufforderung',
    'cancelando la sentencia debido a una petición del usuario',
    "annulation de la requête à la demande de l'utilisateur",
    "annullamento dell'istruzione su richiesta dell'utente",
    'ユーザーからの要求により文をキャンセルしています',
    '사용자 요청에 의해 작업을 취소합니다.',
    'выполнение оператора отменено по запросу пользователя',
    'avbryter sats på användares begäran',
    'виконання оператора скасовано по запиту користувача',
    '由于用户请求而正在取消查询',
  ],
  lockTimeout: [
    'canceling statement due to lock timeout',
    'storniere Anfrage wegen Zeitüberschreitung einer Sperre',
    'cancelando la sentencia debido a que se agotó el tiempo de espera de candados (locks)',
    "annulation de la requête à cause du délai écoulé pour l'obtention des verrous",
    "annullamento dell'istruzione a causa di timeout di lock",
    'ロックのタイムアウトのためステートメントをキャンセルしています',
    'გამოსახულება გაუქმდება ბლოკის მოლოდინის ვადის ამოწურვის გამო',
    '잠금 대기 시간 초과로 작업을 취소합니다.',
    'выполнение оператора отменено из-за тайм-аута блокировки',
    'avbryter sats på grund av lås-timeout',
    'виконання оператора скасовано через тайм-аут блокування',
    '由于锁超时，取消语句操作',
  ],
  idleTimeout: [
    'terminating connection due to idle-in-transaction timeout',
    'Verbindung wird abgebrochen wegen Zeitüberschreitung in inaktiver Transaktion',
    'terminando la conexión debido a que se agotó el tiempo de espera para transacciones abiertas inactivas',
    "arrêt des connexions suite à l'expiration du délai d'inactivité en transaction",
    'la connessione è stata terminata a causa di timeout di inattività durante una transazione',
    'トランザクション中アイドルタイムアウトのため接続を終了します',
    'idle-in-transaction 시간 초과로 연결을 끝냅니다',
    'закрытие подключения из-за тайм-аута простоя в транзакции',
    'terminerar anslutning på grund av idle-in-transaction-timeout',
    'завершення підключення через тайм-аут бездіяльності в транзакції',
    '由于空载事务超时而终止连接',
  ],
  administrator: [
    'terminating connection due to administrator command',
    'Verbindung wird abgebrochen aufgrund von Anweisung des Administrators',
    'terminando la conexión debido a una orden del administrador',
    "arrêt des connexions suite à la demande de l'administrateur",
    "interruzione della connessione su comando dell'amministratore",
    '管理者コマンドにより接続を終了しています',
    'მიერთების შეწყვეტა ადმინისტრატორის ბრძანების გამო',
    '관리자 요청에 의해서 연결을 끝냅니다',
    'закрытие подключения по команде администратора',
    'avslutar anslutning på grund av ett administratörskommando',
    'завершення підключення по команді адміністратора',
    '由于管理员命令中断联接',
  ],
  slots: [
    'sorry, too many clients already',
    'tut mir leid, schon zu viele Verbindungen',
    'lo siento, ya tenemos demasiados clientes',
    'désolé, trop de clients sont déjà connectés',
    'spiacente, troppi client già connessi',
    '現在クライアント数が多すぎます',
    'უკაცრავად, უკვე მეტისმეტად ბევრი კლიენტია',
    '최대 동시 접속자 수를 초과했습니다.',
    'извините, уже слишком много клиентов',
    'ledsen, för många klienter',
    'вибачте, вже забагато клієнтів',
    '对不起, 已经有太多的客户',
    'remaining connection slots are reserved for non-replication superuser connections',
    'die verbleibenden Verbindungen sind für Superuser auf Nicht-Replikationsverbindungen reserviert',
    'las conexiones restantes están reservadas a superusuarios y no de replicación',
    'les emplacements de connexions restants sont réservés pour les connexions',
    'i rimanenti slot di connessione sono riservati a connessioni di superutenti non di replica',
    '残りの接続スロットはレプリケーションユーザーではないスーパーユーザー用に予約されています',
    '남은 연결 슬롯은 non-replication 슈퍼유저 연결용으로 남겨 놓았음',
    'оставшиеся слоты подключений зарезервированы для подключений суперпользователя (не для репликации)',
    'resterande anslutningsslottar är reserverade för superuser-anslutningar utan replikering',
    'слоти підключень, які залишились, зарезервовані для підключень суперкористувача (не для реплікації)',
    '已保留的连接位置为执行非复制请求的超级用户预留',
  ],
  memory: [
    'out of memory',
    'Speicher aufgebraucht',
    'memoria agotada',
    'mémoire épuisée',
    'memoria esaurita',
    'メモリ不足です',
    'არასაკმარისი მეხსიერება',
    '메모리 부족',
    'нехватка памяти',
    'slut på minne',
    "недостатньо пам'яті",
    '内存用尽',
  ],
} as const;

export type MessageId = keyof typeof MESSAGES;

const ID_OF: ReadonlyMap<string, MessageId> = new Map(
  Object.entries(MESSAGES).flatMap(([id, texts]) => texts.map((text) => [text, id as MessageId])),
);

/** Which of them a message is. */
export function messageId(message: string): MessageId | undefined {
  const end = message.indexOf('\n');
  return ID_OF.get(end < 0 ? message : message.slice(0, end));
}
