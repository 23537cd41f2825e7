//! Draws plots as SVG: lines over a logarithmic horizontal axis.

use std::fmt::Write;

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 300.0;
/// The margin around the lines.
const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 46.0;
/// Distinguishable with color blindness too. A legend names the lines.
const COLORS: [&str; 4] = ["#767676", "#0b62a4", "#c2510c", "#5b8c2a"];

/// One plot.
#[derive(Debug)]
pub struct Plot {
    /// Its title.
    pub title: String,
    /// What the horizontal axis counts.
    pub across: String,
    /// What the vertical axis counts.
    pub up: String,
    /// The marks of the horizontal axis and their labels.
    pub marks: Vec<(f64, String)>,
    /// Whether the vertical axis is logarithmic too.
    pub logarithmic: bool,
    /// The lines.
    pub lines: Vec<Line>,
}

/// One line of a plot.
#[derive(Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

/// Plots side by side, as one SVG file.
pub fn svg(plots: &[Plot]) -> String {
    let width = WIDTH * plots.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" width=\"{width}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    for (number, plot) in plots.iter().enumerate() {
        let _ = writeln!(svg, "<g transform=\"translate({} 0)\">", WIDTH * number as f64);
        plot.draw(&mut svg);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

impl Plot {
    fn draw(&self, svg: &mut String) {
        let values = || self.lines.iter().flat_map(|line| &line.points);
        let least = |pick: fn(&(f64, f64)) -> f64| values().map(pick).fold(f64::INFINITY, f64::min);
        let most = |pick: fn(&(f64, f64)) -> f64| values().map(pick).fold(f64::NEG_INFINITY, f64::max);
        let (left, right) = (least(|point| point.0).log10(), most(|point| point.0).log10());
        let (bottom, top) = match self.logarithmic {
            true => (least(|point| point.1).log10().floor(), most(|point| point.1).log10().ceil()),
            false => (0.0, most(|point| point.1) * 1.1),
        };
        let x = |value: f64| LEFT + (value.log10() - left) / (right - left).max(1e-9) * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| {
            let value = if self.logarithmic { value.log10() } else { value };
            HEIGHT - BOTTOM - (value - bottom) / (top - bottom).max(1e-9) * (HEIGHT - TOP - BOTTOM)
        };
        let text = |svg: &mut String, x: f64, y: f64, anchor: &str, text: &str| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
        };
        text(svg, LEFT, 16.0, "start", &format!("{}, in {}", self.title, self.up));
        text(svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8.0, "middle", &self.across);
        for tick in self.ticks(bottom, top) {
            let at = y(tick);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>",
                WIDTH - RIGHT
            );
            text(svg, LEFT - 6.0, at + 4.0, "end", &short(tick));
        }
        for (value, words) in &self.marks {
            text(svg, x(*value), HEIGHT - BOTTOM + 16.0, "middle", words);
        }
        for ((number, line), color) in self.lines.iter().enumerate().zip(COLORS) {
            let points: Vec<String> =
                line.points.iter().map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1))).collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>",
                points.join(" ")
            );
            let (across, down) = (LEFT + 10.0, TOP + 8.0 + 15.0 * number as f64);
            let _ =
                writeln!(svg, "<rect x=\"{across}\" y=\"{}\" width=\"14\" height=\"3\" fill=\"{color}\"/>", down - 4.0);
            text(svg, across + 20.0, down, "start", &line.name);
        }
    }

    fn ticks(&self, bottom: f64, top: f64) -> Vec<f64> {
        if self.logarithmic {
            return (bottom as i32..=top as i32).map(|power| 10_f64.powi(power)).collect();
        }
        // Four steps, of 1, 2 or 5 and zeros.
        let rough = top / 4.0;
        let zeros = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * zeros).find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        (0..).map(|number| f64::from(number) * step).take_while(|tick| *tick <= top).collect()
    }
}

fn short(number: f64) -> String {
    if number >= 1e6 {
        format!("{}M", number / 1e6)
    } else if number >= 1e3 {
        format!("{}k", number / 1e3)
    } else {
        format!("{}", (number * 100.0).round() / 100.0)
    }
}
