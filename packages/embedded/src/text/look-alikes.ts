/**
 * Characters outside ASCII that are drawn like ASCII letters, by the letters they imitate. ASCII itself is not here:
 * `rn` is not `m`, nor `0` an `o`, or ordinary words would match.
 *
 * From confusables.txt of Unicode Technical Standard 39, version 13 (see UNICODE-LICENSE.txt in this package),
 * reduced to what ends in one ASCII letter, or in two for Latin ligatures, once case, compatibility forms and accents are
 * gone; the class of I, l and 1 goes by lower case (Cyrillic and Greek capital I are `i`). Added: small capitals, letters
 * drawn like them (Cyrillic в, к, м, н, т), and negative circled and squared letters, which that file does not have.
 * The same as that of @chaperone/moderators: siblings do not import each other.
 */
export const LOOK_ALIKES: { readonly [letters: string]: string } = {
  a: 'ɑΑαАаᎪᗅᴀ⍶⍺ꓮꭺ𐊠𖽀🅐🅰',
  b: 'ƀƂƃƄɓʙΒБВЬвьѢѣҌҍᏏᏴᏼᑲᑳᖯᗷꓐꞴꮟ𐊂𐊡𐌁🅑🅱',
  c: '¢ȼСсҪҫᏟᴄ₡Ⲥⲥꓚꮯ𐊢𐌂𐐕𐐽𐔜𑣩𑣲🅒🅮🅲🝌',
  d: 'ÐĐđƉƌɖɗԁᎠᏧᑯᗞᗪᴅ₫ꓒꓓꭰ🅓🅳',
  e: 'ɆɇΕЕеҽҿᎬᴇ℮⋿ⴹꓰꬲꭼ𐊆𑢦𑢮🅔🅴',
  f: 'ƑƒϜքᖴᵮẝꓝꜰꞘꞙꬵ𐊇𐊥𐔥𑢢𑣂𝈓🅕🅵',
  g: 'ƍǤǥɠɡɢԌԍցᏀᏳᏻᶃꓖꮐ🅖🅶',
  h: 'ĦħɦʜΗНнћҢңһӇӈӉӊհᎻᏂᏲᕼⱧⲎꓧꚕꮋ𐋏🅗🅷',
  i: 'ıƖƗɨɩɪΙιІіӀӏᎥᵻᵼ⍳⍸ꙇꭵ𑢣𑣃🅘🅸',
  j: 'ɈɉͿϳЈјᎫᒍᴊꓙꞲꭻ🅙🅹',
  k: 'ĸƙΚκКкҚқҞҟᏦᛕᴋ₭ⱩⲔⲕꓗꝀꮶ𐔘🅚🅺',
  l: 'Łłƚǀɫɭʟ׀וןا١ٳ۱ߊᏞᒪᛁ∣⏽ⲒⳐⳑⵏꓡꓲꮮ𐊊𐌉𐌠𐐛𐑃𐔦𑢲𖼖𖼨𝈪𞣇🅛🅻',
  m: 'ɱʍΜϺМмӍӎᎷᗰᛖᴍᵯ₥Ⲙꓟꮇ𐊰𐌑𑜀𑣣🅜🅼',
  n: 'ƝƞɳɴΝηոռᵰⲚꓠ𐆎𐔓🅝🅽',
  o: 'ØøƟɵΘΟθοσОоѲѳӨөՕօסه٥ھہە۵ۿ߀०০੦૦ଠ୦௦౦೦ഠ൦๐໐တဝ၀ჿዐᎾᏫᴏᴑ⊖⊝⍬Ⲟⲟⴱⵁⵔ〇ꓳꝊꝋꬽꬾꭴꮎꮻ𐊒𐊫𐐄𐐬𐓂𐓪𐔖𑓐𑢵𑣈𑣗𑣠𝈚🅞🅾🜔',
  p: 'ƥΡρРрᏢᑭᴘᴩᵽ⍴Ⲣⲣꓑꮲ𐊕🅟🅿',
  q: 'ʠԛգզⵕꞯ🅠🆀',
  r: 'ƦɍɼɽʀгғᎡᏒᖇᴦᵲⲅꓣꭇꭈꭱꮁꮢ𐒴𖼵𝈖🅡🆁',
  s: 'ƽʂЅѕՏᏕᏚᵴꓢꜱꮪ𐊖𐐠𐑈𑣁𖼺🅢🆂',
  t: 'ŦŧƭƮȾΤτТтҬҭᎢᴛᵵ₮⊤⍡⟙Ⲧꓔꭲ𐊗𐊱𐌕𑢼𖼊🅣🆃🝨',
  u: 'ɄʋυՍսሀᏌᑌᴜᵾ∪⋃ꓴꞟꭎꭒꮜ𐓎𐓶𑢸𑣘𖽂🅤🆄',
  v: 'νѴѵט٧۷Ꮩᐯᴠ∨⋁ⴸꓦꛟꮩ𐆗𐔝𑜆𑢠𑣀𖼈𝈍🅥🆅🜈',
  w: 'ɯѡѽԜԝաᎳᏔᴡ₩ꓪꝡꮃ𑓅𑜊𑜎𑜏𑣦𑣯🅦🆆',
  x: '×ΧХхҲᕁᕽ᙭᙮ᚷ╳⤫⤬⨯⨰ⲬⵝꓫꞳ𐆖𐊐𐊴𐌗𐌢𐔧𑣬🅧🆇',
  y: '¥ƴɎɏɣʏΥγУуҮүҰұყᎩᎽᶌỿⲨꓬꭚ𐊲𑢤𑣜𖽃🅨🆈',
  z: 'ƵƶȤȥʐΖᏃᴢᵶꓜꮓ𐋵𑢩𑣄𑣥🅩🆉',
  aa: 'Ꜳꜳ',
  ae: 'Ææ',
  ao: 'Ꜵꜵ',
  au: 'Ꜷꜷ',
  av: 'ꜸꜹꜺꜻ',
  ay: 'Ꜽꜽ',
  dz: 'ʣ',
  ll: 'ǁ',
  ls: 'ʪ',
  lz: 'ʫ',
  oe: 'Œœɶ',
  oo: 'Ꝏꝏ',
  tf: 'ꝷ',
  ts: 'ʦ',
  ue: 'ᵫ',
  uo: 'ꭣ',
};
