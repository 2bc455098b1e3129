import { createHmac } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { bodyOf, type Taken } from './web.ts';

/** Group robots as their vendors document them: HTTP 200 whatever became of it, and the truth in the code within. */

type Robot = {
  listener: RequestListener;
  taken: Taken[];
  /** From now on it answers this code. */
  answerCode(code: number): void;
};

type Call = { url: URL; body: Record<string, unknown> };

function robot(judge: (call: Call) => { code: number } | Taken, answer: (code: number) => object): Robot {
  const taken: Taken[] = [];
  let forced: number | undefined;
  const listener: RequestListener = async (request, response) => {
    const url = new URL(request.url ?? '', 'http://robot.example');
    const body = JSON.parse(String(await bodyOf(request))) as Record<string, unknown>;
    const judged = forced === undefined ? judge({ url, body }) : { code: forced };
    if (!('code' in judged)) taken.push(judged);
    const code = 'code' in judged ? judged.code : 0;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(code)));
  };
  return {
    listener,
    taken,
    answerCode: (code) => {
      forced = code;
    },
  };
}

const linkIn = (text: string): string | null => /https?:\S+\/a\/\S+/.exec(text)?.[0] ?? null;

/** developer.work.weixin.qq.com/document/path/91770: key in the query, text of at most 2,048 bytes. */
export const weComRobot = (key: string): Robot =>
  robot(
    ({ url, body }) => {
      if (url.searchParams.get('key') !== key) return { code: 93000 };
      const text = body.text as { content?: string; mentioned_mobile_list?: string[] } | undefined;
      if (body.msgtype !== 'text' || !text?.content) return { code: 40008 };
      if (Buffer.byteLength(text.content) > 2_048) return { code: 45002 };
      return {
        to: (text.mentioned_mobile_list ?? []).join(),
        text: text.content,
        link: linkIn(text.content),
        id: null,
      };
    },
    (errcode) => ({ errcode, errmsg: errcode === 0 ? 'ok' : 'told in words, with an id of the request' }),
  );

/** open.dingtalk.com/document/robots/custom-robot-access: within an hour, signed over "timestamp\nsecret" with the secret. */
export const dingTalkRobot = (token: string, secret?: string): Robot =>
  robot(
    ({ url, body }) => {
      if (url.searchParams.get('access_token') !== token) return { code: 300001 };
      const timestamp = url.searchParams.get('timestamp') ?? '';
      const sign = secret && createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
      if (sign && (url.searchParams.get('sign') !== sign || Math.abs(Number(timestamp) - Date.now()) > 3_600_000))
        return { code: 310000 };
      const text = body.text as { content?: string } | undefined;
      const at = body.at as { atMobiles?: string[]; isAtAll?: boolean } | undefined;
      if (body.msgtype !== 'text' || !text?.content || at?.isAtAll) return { code: 400105 };
      return { to: (at?.atMobiles ?? []).join(), text: text.content, link: linkIn(text.content), id: null };
    },
    (errcode) => ({ errcode, errmsg: errcode === 0 ? 'ok' : 'told in words' }),
  );

/** open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: seconds, the key being "timestamp\nsecret", nothing being signed. */
export const feishuRobot = (secret?: string): Robot =>
  robot(
    ({ body }) => {
      const sign = secret && createHmac('sha256', `${body.timestamp}\n${secret}`).digest('base64');
      const age = Math.abs(Number(body.timestamp) - Date.now() / 1000);
      if (sign && (body.sign !== sign || age > 3_600)) return { code: 19021 };
      const content = body.content as { text?: string } | undefined;
      if (body.msg_type !== 'text' || !content?.text) return { code: 9499 };
      return { to: '', text: content.text, link: linkIn(content.text), id: null };
    },
    (code) =>
      code === 0
        ? { StatusCode: 0, StatusMessage: 'success', code: 0, data: {}, msg: 'success' }
        : { code, data: {}, msg: 'told in words' },
  );
