"""The words of the gate, written for it, in English and Serbian.

Why no classifier. Of those whose weights ship in a wheel, alt-profanity-check (a linear model) brings scikit-learn
and scipy,
more than everything else that the desk is built of save Qt, and loads its weights by unpickling them, which runs
whatever the file says in a
process that holds keys; on trial it missed threats, other ways of spelling, and Serbian altogether. Lists are
shorter, can be read, and say why.
"""

import re

# Folded (Latin letters, lower case): what is profane however it goes on, and what is so alone.
_STEMS = tuple(
    """fuck motherfuck shit bullshit asshole arsehole bitch bastard dickhead cocksuck bollock faggot dumbass douchebag
    jebe jebi jebo jeba zajeb ujeb najeb sjeb izjeb odjeb pizd kurac kurc kurv drolj seronj sranj govn guzic cigancur
    idiotcin kreten kretenc glupac""".split()
)
_WORDS = frozenset(
    """fck fuk fuq fcuk wtf stfu gtfo sht shite crap arse ass asses btch cunt cunts dick dicks cock cocks pricks pussy
    tits slut sluts whore whores damn goddamn bugger wanker wankers twat twats douche dumb moron morons idiot idiots
    imbecile stupid loser losers scum retard retards retarded fag fags nigger niggers nigga niggas kike tranny chink
    picka picko pickica picke picku serem supak supku dupe budala budalo budale glupan glupi glupa glup idiote
    kretencino debil debile debilu debilko moronu peder pederu pedercino djubre smrade smradu""".split()
)
_INNOCENT = frozenset(["shitake", "shiitake", "jebel", "bitcherry", "kurchatov"])

# Spelt round a filter: f**k, sh*t, f u c k.
MASKED = re.compile(
    r"(?<!\w)(?:f[*@#.\-_ ]?[*u@#][*@#.\-_ ]?[*c@#][*@#.\-_ ]?k(?:ing|er|ed|s)?|sh[*@#!]+t\w*|b[*@#!]+tch\w*"
    r"|a[*$#]{2}(?:hole)?s?|c[*@#]nt|d[*@#!]ck\w*)(?!\w)",
    re.IGNORECASE,
)
# What clinicians, and those who tell of their bodies, write: no profanity within these words.
CLINICAL = re.compile(
    r"\b(?i:growth retard\w+|(?:mental|mentally|psychomotor|developmental\w*) retard\w+|flame retard\w+"
    r"|fire retard\w+|pussy ?willow|stop ?cocks?|"
    r"dumb ?bells?|deaf and dumb|(?:smart|finger|skin|pin)[ -]?pricks?|loser of|blue tits|great tits"
    r"|cock[- ]?up splint|wild ass|tits and finches)\b"
    r"|\b(?:Dick|Cock|Dicks|Cocks) [A-Z]\w+|\b[A-Z]\w+ (?:Dick|Cock|Dicks|Cocks|Loser)\b|\b(?:Mr|Mrs|Ms|Dr"
    r"|Miss)\.? \w+"
)
INSULTS = re.compile(
    r"\b(?:you(?:'re| are)? (?:an? )?(?:(?:complete|total|bloody|fucking|such an?|so|very|really) )?(?:idiot"
    r"|moron|stupid|dumb|pathetic|worthless"
    r"|disgusting|loser|liar|ugly|piece of (?:shit|crap|trash))|shut up|go to hell|screw you|damn you|kiss my ass"
    r"|(?:a )?pain in the ass|"
    r"bloody (?:hell|idiot|fool)|piss(?:ed)? off|you pricks?|"
    r"(?:vi |ti )?(?:ste|si) (?:glup\w*|idiot\w*|kreten\w*|debil\w*|budal\w*|lažov\w*)|nosi se|idi do đavola"
    r"|goni se|marš (?:napolje|odavde|bre))\b"
    r"|\b(?:ви сте (?:глуп\w*|идиот\w*)|иди до ђавола|марш напоље)",
    re.IGNORECASE,
)
THREATS = (
    re.compile(
        r"\b(?:(?:I|we)(?:'ll| will|'re going to| are going to| am going to) (?:kill|hurt|harm|beat|destroy|ruin"
        r"|find|get|punish|sue|report) you"
        r"|you(?:'ll| will| are going to) (?:regret|be sorry|pay for this|suffer|die)|kill yourself|go die"
        r"|watch your back"
        r"|we know where you (?:live|work)|or else[.!]|(?:don't|do not) (?:make us|test us)|last warning"
        r"|your family (?:will|is going to) (?:pay|suffer|regret|die|get hurt|be next)"
        r"|you(?:'ll| will) never (?:see|work)|beat the (?:hell|crap|shit) out)",
        re.IGNORECASE,
    ),
    # Pressure to pay or act, the way swindlers write and lawful business does not.
    re.compile(
        r"\b(?:(?:police|officers?|bailiffs?) (?:will|are going to) (?:arrest|come)|you will be arrested"
        r"|face (?:arrest|jail|prison)|legal action will be"
        r" taken (?:today|immediately|within \d+ hours?)|(?:pay|act) (?:now|immediately|today) or (?:you|your|we"
        r"|else)|your account will be (?:closed|terminated)"
        r" (?:today|immediately) unless|gift cards? (?:to|as) pay)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:ubiću|ubicu|ubit ću|prebiću|razbiću|polomiću|uništiću|srediću) (?:te|vas)\b|\b(?:zažalićeš"
        r"|zažalićete|platićeš mi|gotov si|znam(?:o)? gde"
        r" (?:živiš|živite)|crkni|ubij se|čuvaj leđa|poslednje upozorenje|ili ćete zažaliti)\b|\bубићу те\b"
        r"|\bзажалићеш\b|\bубиј се\b|\bзнамо где живи",
        re.IGNORECASE,
    ),
)

# How models open and close when they speak to whoever asked them.
PREAMBLES = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        (
            r"^\s*(?:sure|certainly|of course|absolutely|okay|ok|great|understood|no problem)[!,.:]? I(?:'ve| have"
            r"|'ll| will| can) (?:draft|writ|wrote|prepar|revis|summari|rewr)\w*"
            r"[^\n]{0,100}"
        ),
        (
            r"^\s*(?:(?:sure|certainly|of course|absolutely|okay|ok|great|understood|no problem)[!,.:]? )"
            r"(?:here(?:'s| is| are)|below is) (?:(?:a|an|the|your|my|one) )?(?:\w+ ){0,3}?"
            r"(?:draft|response|reply|summary|message|note|version|sms|text|rewrite|revision|translation)\b[^\n]{0,100}"
        ),
        (
            r"^\s*(?:here(?:'s| is| are)|below is|the following is|this is|attached is) (?:(?:a|an|the|your|my"
            r"|one) )?(?:\w+ ){0,3}"
            r"(?:draft|response|reply|summary|message|note|version|sms|text|rewrite|revision|output|translation"
            r"|clinical note)\b[^\n.]{0,80}(?:[:.]|$)"
        ),
        (
            r"\bthe (?:provided|given|supplied|available) (?:information|context|data|details|transcript|conversation"
            r"|text|notes?)"
            r" (?:is|are|was|were|does|do|did|seems?|appears?|contains?|provides?|lacks?|indicates?)\b[^.\n]{0,120}\.?"
        ),
        (
            r"\b(?:based on|according to|from|given) the (?:provided|given|supplied|above|following) (?:information"
            r"|context|data|transcript|conversation|dialogue|text"
            r"|notes?|prompt|message)\b,?"
        ),
        (
            r"\bas an? (?:AI|artificial intelligence|(?:large )?language model|virtual assistant"
            r"|chatbot)(?: (?:language )?model| assistant)?\b[^.\n]{0,100}"
        ),
        (
            r"\bI(?:'ve| have| had)? (?:draft|prepar|writt|composed|generat|creat|revis|rewr)\w* (?:a|an|the|this"
            r"|your|it)?\s?(?:\w+ )?(?:draft|response|reply|summary|message"
            r"|note|version|text|sms)\b[^.\n]{0,80}"
        ),
        (
            r"\b(?:let me know|please (?:let me know|advise|tell me)) (?:if|whether) (?:you(?:'d| would)? (?:like"
            r"|want|need|prefer) (?:me to|any|another|a different|a more)|I should|any)\b"
            r"[^.\n]{0,60}[.?!]?"
        ),
        (
            r"^\s*(?:possible|suggested|proposed|draft|sample|example|potential) (?:clinical note|note|response|reply"
            r"|summary|message|sms|text|answer|draft)\s*:"
        ),
        (
            r"^\s*(?:draft|final (?:draft|version|answer|response)|response|reply|output|answer|sms|sms draft"
            r"|text message|message to (?:the )?(?:patient|customer|client)"
            r"|option \d|version \d)\s*:\s*"
        ),
        (
            r"^\W*(?:note|notes|instruction|comment|reminder)s?(?: to (?:the )?(?:reviewer|agent|editor|clinician"
            r"|physician|doctor|team|self|human))\b[^\n]{0,160}"
        ),
        r"\b(?:reviewer|approver|agent)s?:? (?:please|should|must|note|check|verify|confirm|approve)\b[^.\n]{0,100}",
        (
            r"\b(?:this|the) (?:message|sms|text|draft|response|reply|summary) (?:is|has|contains|stays|fits"
            r"|was) (?:\w+ ){0,3}(?:\d+ )?(?:characters|words|segments?|under \d+"
            r"|within the limit|based on|generated|drafted|written)[^.\n]{0,80}"
        ),
        (
            r"\bI (?:cannot|can't|can not|am unable to|'m unable to|don't have enough information to"
            r"|do not have enough information to)"
            r" (?:generate|draft|write|create|provide a (?:draft|response|reply|summary)|compose"
            r"|complete this)\b[^.\n]{0,100}"
        ),
        (
            r"\b(?:I hope this (?:draft|version|response|summary) (?:helps|works|meets)|feel free to (?:edit|adjust"
            r"|modify|customi[sz]e|tweak))\b[^.\n]{0,80}"
        ),
        (
            r"\b(?:replace|fill in|insert|customi[sz]e) (?:the )?(?:bracketed|placeholders?|text in (?:the )?brackets"
            r"|\[)[^.\n]{0,80}"
        ),
        (
            r"\bno (?:further|additional) (?:information|details|context|clarification) (?:is|are) (?:needed|required"
            r"|necessary)\b[^.\n]{0,60}"
        ),
        (
            r"^\s*(?:naravno|svakako|u redu|evo)[!,.:]? (?:evo|nacrt|predlog|sledi|ovde je)?\s?(?:nacrta?|odgovora?"
            r"|poruke?|sažet\w+|predloga?)\b[^\n]{0,80}"
        ),
        (
            r"\b(?:na osnovu (?:dostavljen|naveden|dat)\w+ (?:informacija|podataka|razgovora|teksta)"
            r"|dostavljene informacije su|kao (?:AI|veštačka inteligencija|jezički model))\b"
        ),
    )
)


def is_profane(word: str) -> bool:
    """Tell whether a folded word swears or insults."""
    if word in _INNOCENT:
        return False
    return word in _WORDS or word.startswith(_STEMS)
