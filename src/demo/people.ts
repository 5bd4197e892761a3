import { normalise } from "../kit/index.js";
import type { Chance, Shares } from "./chance.js";

export interface PersonName {
  title: string | null;
  forename: string | null;
  surname: string | null;
}

/** Titles and forenames that go together, and the surnames of all. The first ones are picked more often. */
const culture = (surnames: string, ...kinds: [titles: string, forenames: string][]) => ({
  surnames: surnames.split(", "),
  kinds: kinds.map(([titles, forenames]) => ({ titles: titles.split(", "), forenames: forenames.split(", ") })),
});

// prettier-ignore
const CULTURES: Shares<ReturnType<typeof culture>> = [
  [38, culture("Smith, Jones, Taylor, Brown, Williams, Wilson, Johnson, Davies, O'Neill, MacDonald, Brontë, Clarke, Hughes, Patel, Ó Briain, van der Berg",
    ["Mr, Dr, Sir", "John, James, Oliver, George, William, Thomas, Seán, Dean, Harry"], ["Ms, Mrs, Dr", "Jane, Mary, Emma, Amelia, Charlotte, Zoë, Chloë, Siân"])],
  [14, culture("Müller, Schmidt, Schröder, Weiß, Groß, Fischer, Jäger, Köhler, Löwe, von Bülow, Zimmermann, Öztürk",
    ["Herr, Dr., Prof. Dr.", "Jürgen, Björn, Lukas, Sören, Jörg, Günther, Uwe"], ["Frau, Dr.", "Anna, Käthe, Gisela, Ursula, Zoé, Änne"])],
  [10, culture("Lefèvre, Dupont, Garçon, Bézier, de la Tour, Côté, Crémieux, Noël, Œuvrard, d'Été",
    ["M., Dr", "Benoît, François, Jérôme, Noël, Gaël, Maël"], ["Mme, Dr", "Hélène, Chloé, Zoé, Anaïs, Gaëlle"])],
  [10, culture("García, Ñuñez, Rodríguez, Ibáñez, Gutiérrez, Muñoz, Peña, Gonçalves, Simões, Araújo",
    ["Sr., Dr.", "José, Íñigo, Ángel, Raúl, João"], ["Sra., Dra.", "María, Begoña, Lucía, Inês, Conceição"])],
  [8, culture("Wiśniewski, Żółkowski, Łukasiewicz, Dąbrowski, Čapek, Dvořák, Šťastný, Szőke, Kovács, Popescu-Țepeș",
    ["Pan, Dr", "Łukasz, Michał, Jiří, Stanisław, Świętosław"], ["Pani, Dr", "Małgorzata, Zofia, Žofie, Bożena"])],
  [8, culture("Ødegård, Åström, Sørensen, Öberg, Hämäläinen, Þórsson, Bjørnstad, Lindqvist, Østby, Ångström",
    ["Herr, Dr", "Bjørn, Søren, Øyvind, Jón, Ægir, Väinö"], ["Fru, Dr", "Åse, Åsa, Guðrún, Märta"])],
  [3, culture("Yılmaz, Şahin, Çelik, Öztürk, Doğan, Aydın", ["Bay", "Çağlar, Işık, Ömer"], ["Bayan", "İpek, Şule, Gül"])],
  [4, culture("О'Нил, Шевченко, Їжакевич, Щербань, Королёк", ["г-н", "Иван, Юрий, Фёдор"], ["г-жа", "Мария, Олена, Наталія"])],
  [2, culture("王, 李, 张, 欧阳", ["先生", "小明, 伟, 强"], ["女士", "芳, 秀英"])],
  [2, culture("佐藤, 鈴木, 김, 이", ["様", "翔太, 민준"], ["様", "さくら, 서연"])],
  [1, culture("الأحمد, بن سعيد, حدّاد, כהן, לוי", ["السيد", "محمد, يوسف, דוד"], ["السيدة", "فاطمة, נועה"])],
  [1, culture("शर्मा, सिंह, Παπάς, Γεωργίου, Trần, Đặng", ["श्री", "राज, विक्रम, Γιώργος"], ["श्रीमती", "अंजलि, Ελένη, Nguyệt"])],
];

const FIRM_FORMS =
  "Capital Ltd, Holding AG, Vermögensverwaltung GmbH & Co. KG, Inversiones S.A., Invest AS, & Söhne, 100% Growth LLP, Alpha_1 Fund, Back\\Slash Ventures, Ventures B.V.".split(
    ", ",
  );
const HOUSE_FORMS = "Family Office, Investment Club, Family, Holdings, Trust, Syndicate, Privé, Söhne".split(", ");
const DOMAINS: Shares<string> = [
  [60, "example.com"],
  [25, "example.org"],
  [14, "example.net"],
  [1, "Müller.Example.COM"],
];

const NAMELESS: PersonName = { title: null, forename: null, surname: null };

/** What somebody is called; a part may be missing, and all of them with the probability given. */
export function personName(chance: Chance, nameless: number): PersonName {
  if (chance.happens(nameless)) return NAMELESS;
  const { surnames, kinds } = chance.of(CULTURES);
  const { titles, forenames } = chance.pick(kinds);
  const surname = chance.pick(surnames, 2);
  const second = chance.happens(0.2) ? chance.pick(surnames) : surname;
  return {
    title: chance.happens(0.85) ? chance.pick(titles, 1.5) : null,
    forename: chance.happens(0.99) ? chance.pick(forenames, 2) : null,
    surname: chance.happens(0.99) ? (second === surname ? surname : `${surname}-${second}`) : null,
  };
}

/** A firm has a name for its surname and nothing else. */
export const firmName = (chance: Chance): PersonName => ({ ...NAMELESS, surname: houseName(chance, FIRM_FORMS) });

/** What a group is called; many are called alike. */
export const houseName = (chance: Chance, forms: readonly string[] = HOUSE_FORMS): string =>
  `${chance.pick(chance.of(CULTURES).surnames)} ${chance.pick(forms)}`;

const PLAIN: Record<string, string> = { ł: "l", ø: "o", ß: "ss", æ: "ae", œ: "oe", þ: "th", ð: "d", đ: "d", ı: "i" };

/** An address by name in domains that nobody owns (RFC 2606). The tag makes it the only one. */
export function emailAddress(chance: Chance, { forename, surname }: PersonName, tag: string): string {
  const [first, last] = [forename, surname].map((part) =>
    normalise(part ?? "")
      .replace(/[łøßæœþðđı]/g, (letter) => PLAIN[letter]!)
      .replace(/[^a-z0-9]+/g, ""),
  );
  const mailbox = [first, last, tag].filter(Boolean).join(".");
  return `${chance.happens(0.02) ? mailbox.toUpperCase() : mailbox}@${chance.of(DOMAINS)}`;
}
