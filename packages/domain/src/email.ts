/**
 * Whether the text is an e-mail address as people have them: a dot-atom (RFC 5322) and a host name of at least two labels.
 * Quoted local parts, comments and addresses in other scripts are not. ASCII alone: two that look the same are the same.
 */
export function isEmailAddress(text: string): boolean {
  return text.length <= 254 && text.lastIndexOf("@") <= 64 && ADDRESS.test(text);
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const ADDRESS = new RegExp(`^${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})+$`);
